import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { documentOperation, nextCursor, type Paged, pageFields, pageInput, pageOutput, wordsOf } from './operation.ts';

interface ListedNode {
  slug: string;
  name: string;
  description: string;
  category: string;
  authTypes: string[];
  connected: boolean;
  accounts: string[];
  endpointCount: number;
}

export const listIntegrations = documentOperation({
  name: 'list_integrations',
  input: z.strictObject({
    search: z.string().optional(),
    category: z.string().optional(),
    connected: z.boolean().optional(),
    ...pageInput,
  }),
  output: z.strictObject({
    integrations: z.array(
      z.strictObject({
        slug: z.string(),
        name: z.string(),
        description: z.string(),
        category: z.string(),
        auth_types: z.array(wordsOf('AuthType')),
        connected: z.boolean(),
        accounts: z.array(z.string()),
        endpoint_count: z.int(),
      }),
    ),
    ...pageOutput,
  }),
  document: `query ($search: String, $category: String, $connected: Boolean, $first: Int, $after: String) {
    integrations(search: $search, category: $category, connected: $connected, first: $first, after: $after) {
      nodes { slug name description category authTypes connected accounts endpointCount } ${pageFields} } }`,
  variables: ({ limit = pageSizeMax, cursor, ...filters }) => ({ ...filters, first: limit, after: cursor }),
  answer: ({ integrations }: { integrations: Paged<ListedNode> }) => ({
    integrations: integrations.nodes.map((node) => ({
      slug: node.slug,
      name: node.name,
      description: node.description,
      category: node.category,
      auth_types: node.authTypes,
      connected: node.connected,
      accounts: node.accounts,
      endpoint_count: node.endpointCount,
    })),
    next_cursor: nextCursor(integrations),
    total: integrations.totalCount,
  }),
});

interface DescribedNode {
  slug: string;
  name: string;
  description: string;
  version: string;
  connected: boolean;
  endpoints: Paged<{ name: string; method: string; category: string; description: string; readOnly: boolean }>;
}

export const describeIntegration = documentOperation({
  name: 'describe_integration',
  input: z.strictObject({
    integration: z.string(),
    search: z.string().optional(),
    category: z.string().optional(),
    method: wordsOf('HttpMethod').optional(),
    read_only: z.boolean().optional(),
    ...pageInput,
  }),
  output: z.strictObject({
    slug: z.string(),
    name: z.string(),
    description: z.string(),
    version: z.string(),
    connected: z.boolean(),
    endpoints: z.array(
      z.strictObject({
        name: z.string(),
        method: wordsOf('HttpMethod'),
        category: z.string(),
        description: z.string(),
        read_only: z.boolean(),
      }),
    ),
    ...pageOutput,
  }),
  document: `query ($slug: String!, $search: String, $category: String, $method: HttpMethod, $readOnly: Boolean, $first: Int, $after: String) {
    integration(slug: $slug) { slug name description version connected
      endpoints(search: $search, category: $category, method: $method, readOnly: $readOnly, first: $first, after: $after) {
        nodes { name method category description readOnly } ${pageFields} } } }`,
  variables: ({ integration, read_only: readOnly, limit = pageSizeMax, cursor, ...filters }) => ({
    ...filters,
    slug: integration,
    readOnly,
    first: limit,
    after: cursor,
  }),
  answer: ({ integration }: { integration: DescribedNode }) => ({
    slug: integration.slug,
    name: integration.name,
    description: integration.description,
    version: integration.version,
    connected: integration.connected,
    endpoints: integration.endpoints.nodes.map((node) => ({
      name: node.name,
      method: node.method,
      category: node.category,
      description: node.description,
      read_only: node.readOnly,
    })),
    next_cursor: nextCursor(integration.endpoints),
    total: integration.endpoints.totalCount,
  }),
});
