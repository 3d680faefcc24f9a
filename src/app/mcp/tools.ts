/**
 * The tools that every key has: each is a GraphQL document, mostly that of a REST route, whose answer it gives as text.
 * Names and descriptions are what an agent reads, and every session pays for them: short, with the remedy.
 */
import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { type Envelope, execute as executeOperation, paramsInput, read as readOperation } from '../operations/execute.ts';
import type { Operation } from '../operations/operation.ts';
import type { Route, RouteAnswer, RouteInput } from '../rest/router.ts';
import { routes } from '../rest/routes.ts';

/** What clients may believe of a tool before they let an agent use it (MCP, "Tool Annotations"). */
export interface Annotations {
  readOnlyHint: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint: boolean;
}

export interface Tool {
  name: string;
  description: string;
  annotations: Annotations;
  input: z.ZodObject;
  /** What it does, or: */
  operation?: Operation<never, unknown>;
  document?: string;
  variables(args: Record<string, unknown>): Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: the document's own shape, which validation against the schema guarantees
  answer(data: any, input: RouteInput): RouteAnswer;
}

/** Document and answer of a REST route, so that a tool that does the same says the same. */
function shared(method: Route['method'], path: string): Pick<Tool, 'document' | 'answer'> {
  const { document, answer } = routes.find((route) => route.method === method && route.path === path) as Route;
  return { document: document as string, answer };
}

const lookingUp: Annotations = { readOnlyHint: true, openWorldHint: false };

const integration = z.string().describe('Slug, such as `github`.');
const endpoint = z.string().describe('Name, such as `create_issue`.');
const cursor = z.string().optional().describe('`next_cursor` of the page before.');

const listIntegrations: Tool = {
  name: 'list_integrations',
  description: 'Lists the services you may call, and which accounts are connected.',
  annotations: lookingUp,
  input: z.strictObject({ cursor }),
  ...shared('GET', '/v1/skills'),
  variables: (args) => ({ first: pageSizeMax, after: args.cursor }),
};

const foundFields = 'totalCount pageInfo { hasNextPage endCursor } nodes { integration name description readOnly }';

const searchEndpoints: Tool = {
  name: 'search_endpoints',
  description:
    'Finds endpoints by what they do, over all services or in one. With `integration` and no `query` it lists all of that service.',
  annotations: lookingUp,
  input: z
    .strictObject({
      query: z.string().optional().describe('What is to be done, such as `create issue`.'),
      integration: integration.optional(),
      cursor,
    })
    .refine((args) => args.query?.trim() || args.integration !== undefined, {
      path: ['query'],
      message: 'must say what you look for, unless `integration` names a service to list',
    }),
  document: `query ($query: String!, $integration: String!, $within: Boolean!, $first: Int, $after: String) {
    searchEndpoints(query: $query, first: $first, after: $after) @skip(if: $within) { ${foundFields} }
    integration(slug: $integration) @include(if: $within) {
      endpoints(search: $query, callable: true, first: $first, after: $after) { ${foundFields} } } }`,
  variables: ({ query, integration: slug, cursor: after }) => ({
    query: query ?? '',
    integration: slug ?? '',
    within: slug !== undefined,
    first: query === undefined ? pageSizeMax : 10,
    after,
  }),
  answer: (data) => {
    const found = data.searchEndpoints ?? data.integration.endpoints;
    return {
      status: 200,
      json: {
        // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
        endpoints: found.nodes.map((node: any) => ({
          integration: node.integration,
          endpoint: node.name,
          description: node.description,
          read_only: node.readOnly,
        })),
        next_cursor: found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null,
        total: found.totalCount,
      },
    };
  },
};

const describeEndpoint: Tool = {
  name: 'describe_endpoint',
  description:
    'How to call an endpoint: its parameters, an example, what it answers, and what to do about its errors. Read it before a first call.',
  annotations: lookingUp,
  input: z.strictObject({ integration, endpoint }),
  ...shared('GET', '/v1/skills/:integration/:endpoint'),
  variables: (args) => ({ integration: args.integration, name: args.endpoint, markdown: true }),
};

/** Options of a call beside its parameters, as tools of single endpoints have them too. */
export const callOptions = {
  account: z.string().optional().describe('Which connected account; needed only where several are.'),
  select: z.string().optional().describe('JMESPath over `data`, to get only what you need, such as `[].{id: id, title: title}`.'),
  idempotency_key: z.string().optional().describe('A UUID of yours: repeated with it, the call is not done twice.'),
};

const call = {
  integration,
  endpoint,
  params: paramsInput.optional().meta({ type: 'object', description: 'Parameters by name, as `describe_endpoint` says.' }),
  account: callOptions.account,
  select: callOptions.select,
};

const answerEnvelope = (output: Envelope): RouteAnswer => ({ status: 200, failed: 'error' in output, json: output });

const read: Tool = {
  name: 'read',
  description: 'Calls a read-only endpoint. The answer is {"status", "data"}, or {"status", "error"} where the service failed.',
  annotations: { readOnlyHint: true, openWorldHint: true },
  input: z.strictObject(call),
  operation: readOperation,
  variables: (args) => args,
  answer: answerEnvelope,
};

export const execute: Tool = {
  name: 'execute',
  description: 'Calls any endpoint, also one that changes things. Answers like `read`.',
  annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
  input: z.strictObject({ ...call, idempotency_key: callOptions.idempotency_key }),
  operation: executeOperation,
  variables: (args) => args,
  answer: answerEnvelope,
};

const connect: Tool = {
  name: 'connect',
  description:
    'Starts connecting an account of a service. Give the person the link in `oauth_url`; they sign in there and agree, or enter what the service takes. Then call again. Never ask them for a token or password.',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
  input: z.strictObject({ integration, account: z.string().optional().describe('What to call the account.') }),
  ...shared('POST', '/v1/connect'),
  variables: (args) => args,
};

export const tools: readonly Tool[] = [listIntegrations, searchEndpoints, describeEndpoint, read, execute, connect];
