/** What an agent needs to find its way with few words: what fits a wish, all of one service, all services, each with the accounts there are. */
import { z } from 'zod';
import { pageSizeMax } from '../../../core/paging.ts';
import { documentOperation, nextCursor, type Paged } from '../operation.ts';

const account = z.strictObject({
  account: z.string(),
  default: z.boolean(),
  connected: z.boolean(),
  frozen: z.boolean(),
});

/** For the calls of an endpoint. */
const endpointAccount = account.extend({ scopes_known: z.boolean(), missing_scopes: z.array(z.string()) });

const service = z.strictObject({ slug: z.string(), name: z.string(), needs_account: z.boolean() });

export type FoundAccount = z.infer<typeof account>;

const foundEndpoint = z.strictObject({
  /** `github.create_issue`. */
  id: z.string(),
  summary: z.string(),
  provider_scopes: z.array(z.string()),
  accounts: z.array(endpointAccount),
  service,
});

export type FoundEndpoint = z.infer<typeof foundEndpoint>;

const serviceFields = 'slug name connected';
const foundFields = `id summary providerScopes service { ${serviceFields} }
  accounts { account isDefault connected frozen providerScopes missingScopes }`;

interface ServiceNode {
  slug: string;
  name: string;
  connected: boolean;
}

interface FoundNode {
  id: string;
  summary: string;
  providerScopes: string[];
  accounts: AccountNode[];
  service: ServiceNode;
}

interface AccountNode {
  account: string;
  isDefault: boolean;
  connected: boolean;
  frozen: boolean;
  providerScopes: string[] | null;
  missingScopes: string[];
}

function answerFound({ id, summary, providerScopes, accounts, service: of }: FoundNode): FoundEndpoint {
  return {
    id,
    summary,
    provider_scopes: providerScopes,
    accounts: accounts.map(({ isDefault, providerScopes: granted, missingScopes, ...rest }) => ({
      ...rest,
      default: isDefault,
      scopes_known: granted !== null,
      missing_scopes: missingScopes,
    })),
    service: answerService(of, accounts.length),
  };
}

/** Without an account it can be called only where it needs none. */
function answerService({ slug, name, connected }: ServiceNode, accounts: number) {
  return { slug, name, needs_account: !(connected && accounts === 0) };
}

/** For a wish in a plain sentence: the endpoints that fit best, the best first. */
export const findEndpoints = documentOperation({
  name: 'find_endpoints',
  input: z.strictObject({ want: z.string(), limit: z.int() }),
  output: z.strictObject({ endpoints: z.array(foundEndpoint), total: z.int() }),
  document: `query ($want: String!, $limit: Int!) { searchEndpoints(query: $want, first: $limit) { totalCount nodes { ${foundFields} } } }`,
  variables: (input) => input,
  answer: ({ searchEndpoints: found }: { searchEndpoints: Omit<Paged<FoundNode>, 'pageInfo'> }) => ({
    endpoints: found.nodes.map(answerFound),
    total: found.totalCount,
  }),
});

/** All that a model needs of one endpoint. */
export const explainEndpoint = documentOperation({
  name: 'explain_endpoint',
  input: z.strictObject({ integration: z.string(), endpoint: z.string() }),
  output: foundEndpoint.extend({ document: z.string() }),
  document: `query ($integration: String!, $endpoint: String!) {
    endpoint(integration: $integration, name: $endpoint) { document(brief: true) ${foundFields} } }`,
  variables: (input) => input,
  answer: ({ endpoint }: { endpoint: FoundNode & { document: string } }) => ({ document: endpoint.document, ...answerFound(endpoint) }),
});

const describedFields = `${serviceFields} description endpointCount
  connections(first: ${pageSizeMax}) { nodes { account isDefault status frozenAt } }`;

interface DescribedNode extends ServiceNode {
  description: string;
  endpointCount: number;
  connections: { nodes: { account: string | null; isDefault: boolean; status: string; frozenAt: string | null }[] };
}

function answerAccounts({ connections }: DescribedNode): FoundAccount[] {
  return connections.nodes.flatMap(({ account: label, isDefault, status, frozenAt }) => {
    if (label === null) return [];
    return [{ account: label, default: isDefault, connected: status === 'connected', frozen: frozenAt !== null }];
  });
}

const describedService = service.extend({ description: z.string(), endpoint_count: z.int(), accounts: z.array(account) });

export type DescribedService = z.infer<typeof describedService>;

function answerDescribed(node: DescribedNode): DescribedService {
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
  document: `query { integrations(first: ${pageSizeMax}) { totalCount nodes { ${describedFields} } } }`,
  variables: () => ({}),
  answer: ({ integrations }: { integrations: Omit<Paged<DescribedNode>, 'pageInfo'> }) => ({
    services: integrations.nodes.map(answerDescribed),
    total: integrations.totalCount,
  }),
});

interface NamingNode extends DescribedNode {
  endpoints: Omit<Paged<{ name: string; category: string }>, 'totalCount'>;
}

/** One service with the names of the endpoints that may be called, a page of them. */
export const findInService = documentOperation({
  name: 'find_in_service',
  input: z.strictObject({ service: z.string(), cursor: z.string().optional() }),
  output: z.strictObject({
    service: describedService,
    endpoints: z.array(z.strictObject({ name: z.string(), category: z.string() })),
    next_cursor: z.string().nullable(),
  }),
  document: `query ($service: String!, $after: String) { integration(slug: $service) { ${describedFields}
    endpoints(first: ${pageSizeMax}, after: $after, callable: true) { nodes { name category } pageInfo { hasNextPage endCursor } } } }`,
  variables: ({ service: slug, cursor }) => ({ service: slug, after: cursor }),
  answer: ({ integration }: { integration: NamingNode }) => ({
    service: answerDescribed(integration),
    endpoints: integration.endpoints.nodes,
    next_cursor: nextCursor(integration.endpoints),
  }),
});
