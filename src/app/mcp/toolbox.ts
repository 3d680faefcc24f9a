/** Lists and runs tools: operations, as REST has them, so that keys, scopes, limits and records are those of the resolvers. */
import { z } from 'zod';
import type { Context, Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import type { RawJson } from '../../core/json/raw-json.ts';
import { pageSizeMax } from '../../core/paging.ts';
import { escapeHidden } from '../../core/text/hidden-characters.ts';
import { type CatalogueEndpoint, seenBy } from '../../domains/recipes/catalogue.ts';
import { schema } from '../graphql/schema.ts';
import { checkBody } from '../http/body/check-body.ts';
import { isCallerRefusal, toErrorBody, toSkillettError } from '../http/failures.ts';
import { PreparedDocument } from '../operations/documents.ts';
import {
  describeEndpointTool,
  describeSchema,
  endpointToolsMax,
  type ListedTool,
  nameEndpoints,
  type ShownEndpoint,
  toExecuteArguments,
} from './endpoint-tools.ts';
import { quoteJson } from './quote-json.ts';
import { readTexts } from './read-texts.ts';
import { execute, type Tool, tools } from './tools.ts';

export interface ToolAnswer {
  text: string | RawJson;
  failed: boolean;
}

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

type ShownTool = Tool & { listed: ListedTool };

const shownTools: ReadonlyMap<string, ShownTool> = new Map(tools.map((tool) => [tool.name, { ...tool, listed: describeTool(tool) }]));

export class Toolbox {
  readonly #gateway: Gateway;
  readonly #endpoints: ReadonlyMap<string, CatalogueEndpoint>;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#endpoints = nameEndpoints(gateway.catalogue);
  }

  /** What the key may use. Throws the 401s, 429 and 503 of a look-up. */
  async list(context: Context): Promise<ListedTool[]> {
    const { integrations } = (await reach.ask(context, {})) as Reach;
    const reached = integrations.nodes.reduce((sum, { endpointCount }) => sum + endpointCount, 0);
    const changing = integrations.nodes.some((node) => node.changing.totalCount > 0);
    const listed = [...shownTools.values()].filter(({ name }) => changing || name !== execute.name);
    return [
      ...listed.map((tool) => tool.listed),
      ...(reached > endpointToolsMax || integrations.pageInfo.hasNextPage ? [] : await this.#listEndpoints(context)),
    ];
  }

  async #listEndpoints(context: Context): Promise<ListedTool[]> {
    const { integrations } = (await reachedEndpoints.ask(context, {})) as ReachedEndpoints;
    return integrations.nodes.flatMap(({ authTypes, endpoints }) =>
      endpoints.nodes.flatMap((endpoint) => {
        const name = `${endpoint.integration}_${endpoint.name}`;
        return this.#endpoints.has(name)
          ? [
              describeEndpointTool(
                name,
                endpoint,
                authTypes.some((type) => type !== 'none'),
              ),
            ]
          : [];
      }),
    );
  }

  has(name: string): boolean {
    return shownTools.has(name) || this.#endpoints.has(name);
  }

  /** `name` is one that there is. Throws what refuses whoever asks; every other failure is an answer that a model can read. */
  async call(context: Context, name: string, given: Record<string, unknown>): Promise<ToolAnswer> {
    try {
      return await this.#call(context, name, given);
    } catch (thrown) {
      const error = toSkillettError(this.#gateway, thrown, context.requestId);
      if (isCallerRefusal(error)) throw error;
      return { text: escapeHidden(JSON.stringify(toErrorBody(this.#gateway, error))), failed: true };
    }
  }

  async #call(context: Context, name: string, sent: Record<string, unknown>): Promise<ToolAnswer> {
    const endpoint = this.#endpoints.get(name);
    const tool = shownTools.get(endpoint ? execute.name : name) as ShownTool;
    const shown = endpoint ? describeSchema(endpoint.schema) : tool.listed.inputSchema;
    const read = readTexts(sent, shown) as Record<string, unknown>;
    const given = endpoint ? toExecuteArguments(endpoint, read) : await this.#readParams(context, tool, read);
    const { args, fault } = await checkArguments(context, tool, given);
    const output = await tool.operation.run(context, args, fault);
    if (typeof output === 'string') return { text: escapeHidden(output), failed: false };
    return { text: quoteJson(output), failed: tool.failed?.(output) === true };
  }

  /** The parameters of the endpoint that the arguments name, which the tool's own schema does not know. */
  async #readParams(context: Context, tool: Tool, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { integration, endpoint, params } = args;
    if (!tool.operation.admits || typeof integration !== 'string' || typeof endpoint !== 'string' || params === undefined) return args;
    const { catalogue } = this.#gateway.catalogue.find(integration) ? this.#gateway : await seenBy(context);
    const named = catalogue.findEndpoint(integration, endpoint);
    return named ? { ...args, params: readTexts(params, named.schema) } : args;
  }
}

function describeTool({ name, description, annotations, input }: Tool): ListedTool {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' });
  return {
    name,
    description,
    annotations,
    inputSchema: schema as ListedTool['inputSchema'],
  };
}

/** Refusals of the key, the endpoint and the limits come before what is wrong with the arguments (docs/api.md, "Order of refusals"). */
async function checkArguments(
  context: Context,
  tool: Tool,
  given: Record<string, unknown>,
): Promise<{ args: Record<string, unknown>; fault?: SkillettError }> {
  // Models send null for what they leave out.
  const args = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  const { integration, endpoint } = args;
  const admitted = tool.operation.admits && typeof integration === 'string' && typeof endpoint === 'string';
  if (!admitted) await context.principal();
  try {
    const checked = checkBody(tool.input, args, `The arguments are not as \`${tool.name}\` takes them`);
    return { args: checked };
  } catch (fault) {
    if (!admitted || !(fault instanceof SkillettError)) throw fault;
    return { args: { integration, endpoint }, fault };
  }
}
