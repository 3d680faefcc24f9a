/** What an agent needs to find its way with few words: what fits a wish, all of one service, all services, each with the accounts there are. */
import { z } from 'zod';
import { pageSizeMax } from '../../../core/paging.ts';
import { documentOperation } from '../operation.ts';

const account = z.strictObject({
  account: z.string(),
  default: z.boolean(),
  connected: z.boolean(),
  frozen: z.boolean(),
  missing_scopes: z.array(z.string()),
});

const service = z.strictObject({ slug: z.string(), name: z.string(), needs_account: z.boolean() });

export type FoundAccount = z.infer<typeof account>;

const foundEndpoint = z.strictObject({
  /** `github.create_issue`. */
  id: z.string(),
  summary: z.string(),
  provider_scopes: z.array(z.string()),
  accounts: z.array(account),
  service,
});

export type FoundEndpoint = z.infer<typeof foundEndpoint>;

const serviceFields = 'slug name connected';
const foundFields = `id summary providerScopes accounts { account isDefault connected frozen missingScopes } service { ${serviceFields} }`;

// biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
function answerAccount(row: any): FoundAccount {
  return {
    account: row.account,
    default: row.isDefault,
    connected: row.connected,
    frozen: row.frozen,
    missing_scopes: row.missingScopes,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
function answerFound(node: any): FoundEndpoint {
  return {
    id: node.id,
    summary: node.summary,
    provider_scopes: node.providerScopes,
    accounts: node.accounts.map(answerAccount),
    service: answerService(node.service, node.accounts.length),
  };
}

/** Without an account it can be called only where it needs none. */
function answerService({ slug, name, connected }: { slug: string; name: string; connected: boolean }, accounts: number) {
  return { slug, name, needs_account: !(connected && accounts === 0) };
}

/** For a wish in a plain sentence: the endpoints that fit best, the best first. */
export const findEndpoints = documentOperation({
  name: 'find_endpoints',
  input: z.strictObject({ want: z.string(), limit: z.int() }),
  output: z.strictObject({ endpoints: z.array(foundEndpoint), total: z.int() }),
  document: `query ($want: String!, $limit: Int!) { searchEndpoints(query: $want, first: $limit) { totalCount nodes { ${foundFields} } } }`,
  variables: (input) => input,
  answer: ({ searchEndpoints: found }) => ({ endpoints: found.nodes.map(answerFound), total: found.totalCount }),
});

/** All that a model needs of one endpoint. */
export const explainEndpoint = documentOperation({
  name: 'explain_endpoint',
  input: z.strictObject({ integration: z.string(), endpoint: z.string() }),
  output: foundEndpoint.extend({ document: z.string() }),
  document: `query ($integration: String!, $endpoint: String!) {
    endpoint(integration: $integration, name: $endpoint) { document(brief: true) ${foundFields} } }`,
  variables: (input) => input,
  answer: ({ endpoint }) => ({ document: endpoint.document, ...answerFound(endpoint) }),
});

const accountFields = 'connections(first: 20) { nodes { account isDefault status frozenAt } }';

// biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
function answerAccounts({ connections }: any): FoundAccount[] {
  return (
    connections.nodes
      // biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
      .filter((node: any) => node.account !== null)
      // biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
      .map((node: any) => ({
        account: node.account,
        default: node.isDefault,
        connected: node.status === 'connected',
        frozen: node.frozenAt !== null,
        missing_scopes: [],
      }))
  );
}

const describedService = service.extend({ description: z.string(), endpoint_count: z.int(), accounts: z.array(account) });

export type DescribedService = z.infer<typeof describedService>;

// biome-ignore lint/suspicious/noExplicitAny: rows of the documents below
function answerDescribed(node: any): DescribedService {
  const accounts = answerAccounts(node);
  return {
    ...answerService(node, accounts.length),
    description: node.description,
    endpoint_count: node.endpointCount,
    accounts,
  };
}

/** The services that whoever asks may call, as many as a page holds. */
export const findServices = documentOperation({
  name: 'find_services',
  input: z.strictObject({}),
  output: z.strictObject({ services: z.array(describedService), total: z.int() }),
  document: `query { integrations(first: ${pageSizeMax}) { totalCount nodes { ${serviceFields} description endpointCount ${accountFields} } } }`,
  variables: () => ({}),
  answer: ({ integrations }) => ({ services: integrations.nodes.map(answerDescribed), total: integrations.totalCount }),
});

/** One service with the names of the endpoints that may be called, a page of them. */
export const findInService = documentOperation({
  name: 'find_in_service',
  input: z.strictObject({ service: z.string(), cursor: z.string().optional() }),
  output: z.strictObject({
    service: describedService,
    endpoints: z.array(z.strictObject({ name: z.string(), category: z.string() })),
    next_cursor: z.string().nullable(),
  }),
  document: `query ($service: String!, $after: String) { integration(slug: $service) { ${serviceFields} description endpointCount ${accountFields}
    endpoints(first: ${pageSizeMax}, after: $after, callable: true) { nodes { name category } pageInfo { hasNextPage endCursor } } } }`,
  variables: ({ service: slug, cursor }) => ({ service: slug, after: cursor }),
  answer: ({ integration }) => ({
    service: answerDescribed(integration),
    endpoints: integration.endpoints.nodes,
    next_cursor: integration.endpoints.pageInfo.hasNextPage ? integration.endpoints.pageInfo.endCursor : null,
  }),
});
