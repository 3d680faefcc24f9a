/** `skills` and `find`. */
import { askGraphql, askRoute, askServer, refusalOf, requireKey } from '../ask-server.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printBody, printJson, printTable, say } from '../terminal/print.ts';

interface SkillsOptions extends PrintOptions {
  search?: string;
  limit?: string;
  cursor?: string;
}

interface IntegrationPage {
  integrations: { slug: string; name: string; description: string; connected: boolean; endpoint_count: number }[];
  next_cursor: string | null;
}

interface EndpointPage {
  endpoints: { name: string; description: string; read_only: boolean }[];
  next_cursor: string | null;
}

export async function showSkills(
  target: Target,
  integration: string | undefined,
  endpoint: string | undefined,
  options: SkillsOptions,
): Promise<void> {
  if (integration === undefined) return showIntegrations(target, options);
  if (endpoint === undefined) return showEndpoints(target, integration, options);
  const path = `/v1/skills/${encodeURIComponent(integration)}/${encodeURIComponent(endpoint)}`;
  // The document is what a person reads; its JSON is what a program does.
  const accept = isForPeople(options) ? 'text/markdown' : 'application/json';
  requireKey(target);
  const answer = await askServer(target, { method: 'GET', path, headers: { accept } });
  if (answer.status !== 200) throw refusalOf(target, answer);
  printBody(answer.body);
}

async function showIntegrations(target: Target, options: SkillsOptions): Promise<void> {
  const { json, body } = await askRoute<IntegrationPage>(target, { method: 'GET', path: `/v1/skills${queryOf(options)}` });
  if (!isForPeople(options)) return printBody(body);
  printTable(
    ['INTEGRATION', 'CONNECTED', 'ENDPOINTS', 'WHAT IT IS'],
    json.integrations.map(({ slug, connected, endpoint_count: count, description }) => [
      slug,
      connected ? 'yes' : 'no',
      String(count),
      description,
    ]),
  );
  sayMore(json.next_cursor);
}

async function showEndpoints(target: Target, integration: string, options: SkillsOptions): Promise<void> {
  const path = `/v1/skills/${encodeURIComponent(integration)}${queryOf(options)}`;
  const { json, body } = await askRoute<EndpointPage>(target, { method: 'GET', path });
  if (!isForPeople(options)) return printBody(body);
  printTable(
    ['ENDPOINT', 'READS', 'WHAT IT DOES'],
    json.endpoints.map(({ name, read_only: reads, description }) => [name, reads ? 'only' : '', description]),
  );
  sayMore(json.next_cursor);
}

function queryOf({ search, limit, cursor }: SkillsOptions): string {
  const given = Object.entries({ search, limit, cursor }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function sayMore(cursor: string | null): void {
  if (cursor !== null) say(`There are more: --cursor ${cursor}`);
}

interface Found {
  searchEndpoints: { nodes: { integration: string; name: string; description: string; readOnly: boolean }[] };
}

export async function findEndpoints(target: Target, words: string, options: PrintOptions): Promise<void> {
  const { searchEndpoints: found } = await askGraphql<Found>(
    target,
    'query ($query: String!) { searchEndpoints(query: $query, first: 10) { nodes { integration name description readOnly } } }',
    { query: words },
  );
  const endpoints = found.nodes.map(({ integration, name, description, readOnly }) => ({
    integration,
    endpoint: name,
    description,
    read_only: readOnly,
  }));
  if (!isForPeople(options)) return printJson({ endpoints });
  if (endpoints.length === 0) return say('Nothing fits. Say it in other words, or list what there is with: skillett skills');
  printTable(
    ['INTEGRATION', 'ENDPOINT', 'WHAT IT DOES'],
    endpoints.map(({ integration, endpoint, description }) => [integration, endpoint, description]),
  );
}
