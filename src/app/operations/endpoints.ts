import { z } from 'zod';
import { documentOperation, wordsOf } from './operation.ts';

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
    answer_fields: z
      .array(
        z.strictObject({
          path: z.string().describe('As `select` names it.'),
          type: z.string().describe('`string`, `int`, `int64`, `float`, `boolean`, `json` or `object`, with `[]` behind it for a list.'),
        }),
      )
      .describe('The fields of `data` that are known, two levels deep; each may be null or missing, and there may be others.'),
    errors: z.array(z.strictObject({ error: z.string(), fix: z.string() })),
  }),
  document: `query ($integration: String!, $name: String!) {
    endpoint(integration: $integration, name: $name) { integration name method category description readOnly providerScopes
      parameters { name type required description default enum example }
      schema example { params cli curl } answer answerFields { path type } errors { error fix } } }`,
  variables: ({ integration, endpoint }) => ({ integration, name: endpoint }),
  answer: ({ endpoint }) => ({
    integration: endpoint.integration,
    name: endpoint.name,
    method: endpoint.method,
    category: endpoint.category,
    description: endpoint.description,
    read_only: endpoint.readOnly,
    provider_scopes: endpoint.providerScopes,
    parameters: endpoint.parameters.map(({ default: preset, enum: words, example, ...always }: z.output<typeof parameterOutput>) => ({
      ...always,
      ...(preset === null ? {} : { default: preset }),
      ...(words === null ? {} : { enum: words }),
      ...(example === null ? {} : { example }),
    })),
    schema: endpoint.schema,
    example: endpoint.example,
    answer: endpoint.answer,
    answer_fields: endpoint.answerFields,
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
