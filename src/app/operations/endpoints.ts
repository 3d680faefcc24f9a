import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { documentOperation, nextCursor, pageFields, pageInput, pageOutput, wordsOf } from './operation.ts';

const foundFields = `${pageFields} nodes { integration name description readOnly }`;

/** With `integration` and no `query` it is all of that integration, as much as a page holds; otherwise the ten that fit best. */
export const searchEndpoints = documentOperation({
  name: 'search_endpoints',
  input: z.strictObject({ query: z.string().optional(), integration: z.string().optional(), cursor: pageInput.cursor }),
  output: z.strictObject({
    endpoints: z.array(z.strictObject({ integration: z.string(), endpoint: z.string(), description: z.string(), read_only: z.boolean() })),
    ...pageOutput,
  }),
  document: `query ($query: String!, $integration: String!, $within: Boolean!, $first: Int, $after: String) {
    searchEndpoints(query: $query, first: $first, after: $after) @skip(if: $within) { ${foundFields} }
    integration(slug: $integration) @include(if: $within) {
      endpoints(search: $query, callable: true, first: $first, after: $after) { ${foundFields} } } }`,
  variables: ({ query, integration, cursor }) => ({
    query: query ?? '',
    integration: integration ?? '',
    within: integration !== undefined,
    first: query === undefined ? pageSizeMax : 10,
    after: cursor,
  }),
  answer: (data) => {
    const found = data.searchEndpoints ?? data.integration.endpoints;
    return {
      // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
      endpoints: found.nodes.map((node: any) => ({
        integration: node.integration,
        endpoint: node.name,
        description: node.description,
        read_only: node.readOnly,
      })),
      next_cursor: nextCursor(found),
      total: found.totalCount,
    };
  },
});

const parameterOutput = z.strictObject({
  name: z.string(),
  type: z.string(),
  required: z.boolean(),
  description: z.string(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  example: z.unknown().optional(),
});

export const describeEndpoint = documentOperation({
  name: 'describe_endpoint',
  input: z.strictObject({ integration: z.string(), endpoint: z.string() }),
  output: z.strictObject({
    integration: z.string(),
    name: z.string(),
    method: wordsOf('HttpMethod'),
    category: z.string(),
    description: z.string(),
    read_only: z.boolean(),
    provider_scopes: z.array(z.string()),
    parameters: z.array(parameterOutput),
    schema: z.record(z.string(), z.unknown()),
    example: z.strictObject({ params: z.unknown(), cli: z.string(), curl: z.string() }),
    answer: z.string(),
    errors: z.array(z.strictObject({ error: z.string(), fix: z.string() })),
  }),
  document: `query ($integration: String!, $name: String!) {
    endpoint(integration: $integration, name: $name) { integration name method category description readOnly providerScopes
      parameters { name type required description default enum example }
      schema example { params cli curl } answer errors { error fix } } }`,
  variables: ({ integration, endpoint }) => ({ integration, name: endpoint }),
  answer: ({ endpoint }) => ({
    integration: endpoint.integration,
    name: endpoint.name,
    method: endpoint.method,
    category: endpoint.category,
    description: endpoint.description,
    read_only: endpoint.readOnly,
    provider_scopes: endpoint.providerScopes,
    // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
    parameters: endpoint.parameters.map((parameter: any) => ({
      name: parameter.name,
      type: parameter.type,
      required: parameter.required,
      description: parameter.description,
      ...(parameter.default === null ? {} : { default: parameter.default }),
      ...(parameter.enum === null ? {} : { enum: parameter.enum }),
      ...(parameter.example === null ? {} : { example: parameter.example }),
    })),
    schema: endpoint.schema,
    example: endpoint.example,
    answer: endpoint.answer,
    errors: endpoint.errors,
  }),
});

/** As agents read it: the endpoint's document, in Markdown. */
export const readEndpointDocument = documentOperation({
  name: 'read_endpoint_document',
  input: describeEndpoint.input,
  output: z.string(),
  document: 'query ($integration: String!, $name: String!) { endpoint(integration: $integration, name: $name) { document } }',
  variables: ({ integration, endpoint }) => ({ integration, name: endpoint }),
  answer: ({ endpoint }) => endpoint.document,
});
