/** `import`: an integration of one's own, from the description of an API. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { askGraphql, refusal } from '../ask-server.ts';
import { CommandFailure, fileFailure } from '../failure.ts';
import type { Target } from '../profiles.ts';
import { isForPeople, type PrintOptions, printJson, say } from '../terminal/print.ts';
import { readInput } from '../terminal/read-secret.ts';

interface ImportOptions extends PrintOptions {
  slug: string;
  tag: string[];
  operation: string[];
  baseUrl?: string;
  graphql?: boolean;
}

interface Import {
  id: string;
  status: 'RUNNING' | 'DONE' | 'FAILED';
  /** From 0 to 1. */
  progress: number;
  error: string | null;
  errorCode: string | null;
  result: { integration: { slug: string; name: string } | null; warnings: string[]; endpointCount: number } | null;
}

const fields = 'id status progress error errorCode result { integration { slug name } warnings endpointCount }';
const begin = `mutation ($slug: String!, $document: String, $url: String, $graphqlUrl: String, $tags: [String!], $operations: [String!], $baseUrl: String) {
  importIntegration(slug: $slug, document: $document, url: $url, graphqlUrl: $graphqlUrl, tags: $tags, operations: $operations, baseUrl: $baseUrl,
    waitSeconds: 2) { import { ${fields} } } }`;
const look = `query ($id: ID!) { import(id: $id) { ${fields} } }`;

const pollMs = 1_000;

export async function importDescription(target: Target, source: string, options: ImportOptions): Promise<void> {
  const { importIntegration: begun } = await askGraphql<{ importIntegration: { import: Import } }>(target, begin, {
    slug: options.slug,
    ...(await sourceOf(source, options)),
    tags: options.tag.length === 0 ? undefined : options.tag,
    operations: options.operation.length === 0 ? undefined : options.operation,
    baseUrl: options.baseUrl,
  });
  const { result, error, errorCode } = await waitFor(target, begun.import, options);
  if (!result) throw refusal(error ?? 'The import failed. Try it again.', String(errorCode).toLowerCase(), undefined, 200);
  const { integration, warnings, endpointCount } = result;
  if (!isForPeople(options)) return printJson({ slug: options.slug, endpoint_count: endpointCount, warnings });
  for (const warning of warnings) say(warning);
  say(`${JSON.stringify(integration?.name ?? options.slug)} is there with ${endpointCount} endpoints: skillett skills ${options.slug}`);
}

async function waitFor(target: Target, begun: Import, options: PrintOptions): Promise<Import> {
  let now = begun;
  let said = -1;
  while (now.status === 'RUNNING') {
    const percent = Math.floor(now.progress * 100);
    if (isForPeople(options) && percent !== said) say(`The server reads the description: ${percent} %`);
    said = percent;
    await pause(pollMs);
    now = (await askGraphql<{ import: Import }>(target, look, { id: now.id })).import;
  }
  return now;
}

async function sourceOf(source: string, { graphql }: ImportOptions): Promise<Record<string, string>> {
  const isUrl = /^https?:\/\//i.test(source);
  if (graphql && !isUrl) throw new CommandFailure('--graphql takes the address of a GraphQL endpoint; a schema in a file needs no flag.');
  return isUrl ? { [graphql ? 'graphqlUrl' : 'url']: source } : { document: await readDescription(source) };
}

async function readDescription(source: string): Promise<string> {
  if (source === '-') return (await readInput()).toString('utf8');
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    throw fileFailure(source, error);
  }
}
