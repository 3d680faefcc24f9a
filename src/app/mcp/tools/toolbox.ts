/** Lists and runs tools: operations, as REST has them, so that keys, scopes, limits and records are those of the resolvers. */
import type { z } from 'zod';
import type { Context, Gateway } from '../../../core/context.ts';
import { SkillettError } from '../../../core/errors.ts';
import { pageSizeMax } from '../../../core/paging.ts';
import { escapeHidden } from '../../../core/text/hidden-characters.ts';
import { type CatalogueEndpoint, findSeen } from '../../../domains/recipes/catalogue.ts';
import { schema } from '../../graphql/schema.ts';
import { checkBody } from '../../http/body/check-body.ts';
import { startConnection } from '../../operations/connections.ts';
import { PreparedDocument } from '../../operations/documents.ts';
import { type Asking, callEndpoint, type ToolAnswer, tellFailure } from './call.ts';
import { type EndpointName, resolveEndpoint } from './endpoint-name.ts';
import {
  describeEndpointTool,
  describeSchema,
  endpointToolsMax,
  nameEndpoints,
  type ShownEndpoint,
  splitArguments,
  withinTokens,
} from './endpoint-tools.ts';
import { find } from './find.ts';
import { readTexts } from './read-texts.ts';
import { connectInput, executeInput, findInput, type ListedTool, readInput, tools } from './tools.ts';

/** What a key reaches. */
const reachDocument = `query { integrations(first: ${pageSizeMax}) { pageInfo { hasNextPage }
  nodes { endpointCount changing: endpoints(first: 1, callable: true, readOnly: false) { totalCount } } } }`;

const endpointsDocument = `query { integrations(first: ${pageSizeMax}) { nodes { authTypes
  endpoints(first: ${endpointToolsMax}, callable: true) {
    nodes { integration name description readOnly destructive idempotent schema } } } } }`;

interface Reach {
  integrations: { pageInfo: { hasNextPage: boolean }; nodes: { endpointCount: number; changing: { totalCount: number } }[] };
}

interface ReachedEndpoints {
  integrations: { nodes: { authTypes: string[]; endpoints: { nodes: (ShownEndpoint & { integration: string; name: string })[] } }[] };
}

const reach = new PreparedDocument(schema, reachDocument, 'tools/list');
const reachedEndpoints = new PreparedDocument(schema, endpointsDocument, 'tools/list');

const toolNames: ReadonlySet<string> = new Set(tools.map(({ name }) => name));

type Arguments = Record<string, unknown>;

export class Toolbox {
  readonly #endpoints: ReadonlyMap<string, CatalogueEndpoint>;

  constructor({ catalogue }: Gateway) {
    this.#endpoints = nameEndpoints(catalogue);
  }

  /** What the key may use, always in the same order. Throws the 401s, 429 and 503 of a look-up. */
  async list(context: Context): Promise<ListedTool[]> {
    const { integrations } = (await reach.ask(context, {})) as Reach;
    const reached = integrations.nodes.reduce((sum, { endpointCount }) => sum + endpointCount, 0);
    const changing = integrations.nodes.some((node) => node.changing.totalCount > 0);
    const listed = tools.filter(({ name }) => changing || name !== 'execute');
    if (reached > endpointToolsMax || integrations.pageInfo.hasNextPage) return listed;
    return [...listed, ...withinTokens(await this.#listEndpoints(context))];
  }

  async #listEndpoints(context: Context): Promise<ListedTool[]> {
    const { integrations } = (await reachedEndpoints.ask(context, {})) as ReachedEndpoints;
    return integrations.nodes.flatMap(({ authTypes, endpoints }) =>
      endpoints.nodes.flatMap((endpoint) => {
        const name = `${endpoint.integration}_${endpoint.name}`;
        const accounts = authTypes.some((type) => type !== 'none');
        return this.#endpoints.has(name) ? [describeEndpointTool(name, endpoint, accounts)] : [];
      }),
    );
  }

  has(name: string): boolean {
    return toolNames.has(name) || this.#endpoints.has(name);
  }

  /** `name` is one that there is. Throws what refuses whoever asks; every other failure is an answer that a model can read. */
  async call(context: Context, name: string, given: Arguments, asking: Asking): Promise<ToolAnswer> {
    try {
      const endpoint = this.#endpoints.get(name);
      if (endpoint) return await callTool(context, endpoint, given, asking);
      if (name === 'read' || name === 'execute') return await callNamed(context, name, given, asking);
      return { text: escapeHidden(await answerTool(context, name, given)), failed: false };
    } catch (thrown) {
      return tellFailure(context, thrown);
    }
  }
}

async function answerTool(context: Context, name: string, given: Arguments): Promise<string> {
  const args = readArguments(name, given);
  await context.principal();
  if (name === 'find') return find(context, check(findInput, args, name));
  const { service: integration, account } = check(connectInput, args, name);
  const started = await startConnection.run(context, { integration, account });
  // Under the name that every link for the person has here.
  const { oauth_url: link, ...rest } = started as { oauth_url?: string };
  return JSON.stringify({ ...(link === undefined ? {} : { action_url: link }), ...rest });
}

/** Refusals of the key, the endpoint and the limits come before what is wrong with the arguments (docs/api.md, "Order of refusals"). */
async function callNamed(context: Context, name: 'read' | 'execute', given: Arguments, asking: Asking): Promise<ToolAnswer> {
  const args = readArguments(name, given);
  if (typeof args.endpoint !== 'string') {
    await context.principal();
    return check(name === 'read' ? readInput : executeInput, args, name) as never;
  }
  const named = await resolveEndpoint(context, args.endpoint);
  const params = await readParams(context, named, args.params);
  const { endpoint: _endpoint, ...checked } = checkLater(name, params === undefined ? args : { ...args, params });
  const { fault, ...rest } = checked;
  return callEndpoint(context, name, named, rest, asking, fault);
}

/** The parameters of the endpoint, which the tool's own schema does not know. */
async function readParams(context: Context, named: EndpointName, params: unknown): Promise<unknown> {
  const endpoint = params === undefined ? undefined : await findSeen(context, named.integration, named.endpoint);
  return endpoint ? readTexts(params, endpoint.schema) : params;
}

async function callTool(context: Context, endpoint: CatalogueEndpoint, given: Arguments, asking: Asking): Promise<ToolAnswer> {
  const name = endpoint.readOnly ? 'read' : 'execute';
  const shown = describeSchema(endpoint.schema);
  const { params, options } = splitArguments(endpoint, readTexts(given, shown) as Arguments);
  const { fault, ...args } = checkLater(name, { ...readArguments(name, options), endpoint: endpoint.name, params });
  const named = { integration: endpoint.integration, endpoint: endpoint.name };
  return callEndpoint(context, name, named, args, asking, fault);
}

/** As the tool shows them; models send null for what they leave out. */
function readArguments(name: string, given: Arguments): Arguments {
  const shown = tools.find((tool) => tool.name === name) as ListedTool;
  const read = readTexts(given, shown.inputSchema) as Arguments;
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== null));
}

function check<T>(input: z.ZodType<T>, args: Arguments, name: string): T {
  return checkBody(input, args, `The arguments are not as \`${name}\` takes them`);
}

type Checked = Partial<z.infer<typeof readInput> & z.infer<typeof executeInput>> & { fault?: SkillettError };

/** What is wrong is said once the call is admitted. */
function checkLater(name: 'read' | 'execute', args: Arguments): Checked {
  try {
    return check<Checked>(name === 'read' ? readInput : executeInput, args, name);
  } catch (fault) {
    if (fault instanceof SkillettError) return { fault };
    throw fault;
  }
}
