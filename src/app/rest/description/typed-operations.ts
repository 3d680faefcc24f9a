/** The endpoints of integrations as operations of their own: what they take by their JSON Schemas, what they answer by their shapes. */
import { setImmediate } from 'node:timers/promises';
import { RawJson } from '../../../core/json/raw-json.ts';
import type { CatalogueEndpoint, CatalogueIntegration, JsonSchema } from '../../../domains/recipes/catalogue.ts';
import { type AnswerShapes, readType, type Shape } from '../../../domains/recipes/shapes/answer-shapes.ts';
import { executionAnswer, executionBody } from '../../operations/execute.ts';
import { type ApiDocument, describeAnswerHeaders, refusals } from './api-document.ts';
import { listMembers, printJsonSchema } from './json-schemas.ts';

/** Of an imported integration there may be thousands, which nobody else's requests shall wait for. */
const endpointsAtOnce = 50;

/** The document with the operations of these integrations, in pieces. `headers` are those of an execution's success. */
export async function addTypedOperations(
  document: ApiDocument,
  integrations: readonly CatalogueIntegration[],
  headers: Readonly<Record<string, string>> | undefined,
): Promise<RawJson> {
  const { paths, components, tags, ...rest } = document;
  const { schemas, ...parts } = components;
  const named = integrations.map(({ slug, recipe }) => ({ name: slug, description: JSON.stringify(recipe.name) }));
  const pieces = [`${open({ ...rest, tags: [...tags, ...named] })},"paths":${open(paths)}`];
  const shapes: string[] = [];
  for (const { slug, endpoints, answers } of integrations) {
    let count = 0;
    for (const endpoint of endpoints.values()) {
      pieces.push(member(`/v1/${slug}/${endpoint.name}`, { post: describeEndpoint(endpoint, answers, headers) }));
      count += 1;
      if (count % endpointsAtOnce === 0) await setImmediate();
    }
    for (const [name, shape] of Object.entries(answers.shapes)) shapes.push(member(`${slug}.${name}`, describeShape(slug, answers, shape)));
  }
  pieces.push(`},"components":${open(parts)},"schemas":${open(schemas)}`, ...shapes, '}}}');
  return RawJson.fromPieces(pieces.map((piece) => Buffer.from(piece)));
}

/** An object that more members follow. */
function open(value: unknown): string {
  return JSON.stringify(value).slice(0, -1);
}

function member(name: string, value: unknown): string {
  return `,${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

function describeEndpoint(
  { integration, name, description, readOnly, schema }: CatalogueEndpoint,
  answers: AnswerShapes,
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, unknown> {
  const returned = Object.hasOwn(answers.returns, name) ? answers.returns[name] : undefined;
  const required = schema.required !== undefined;
  const body = { type: 'object', properties: { ...options, params: schema }, ...(required ? { required: ['params'] } : {}) };
  const { data, ...others } = answer.properties;
  const output = {
    type: 'object',
    properties: {
      ...others,
      data: returned === undefined ? data : { description: typedData, ...describeType(integration, answers, returned) },
    },
    required: answer.required,
  };
  return {
    operationId: `${integration}.${name}`,
    tags: [integration],
    summary: description,
    description: readOnly ? 'It only reads.' : 'It may change something.',
    security: [{ key: [] }],
    ...(readOnly ? {} : { parameters: [{ $ref: '#/components/parameters/IdempotencyKey' }] }),
    requestBody: { required, content: { 'application/json': { schema: { ...body, additionalProperties: false } } } },
    responses: {
      '2XX': {
        description: 'What the service answered.',
        headers: describeAnswerHeaders(headers),
        content: { 'application/json': { schema: output } },
      },
      ...refusals('ExecuteFailure'),
    },
  };
}

const { params: _params, ...options } = listMembers(executionBody).properties;
const answer = printJsonSchema(executionAnswer, 'output') as { properties: Record<string, JsonSchema>; required: string[] };

// A schema of an answer cannot follow from what was asked.
const typedData =
  'What the service answered. With `select` or `view` in the request it is what they make of it, whatever type stands here.';

/** Any field may be missing or null, and there may be others. */
function describeShape(slug: string, answers: AnswerShapes, shape: Shape): JsonSchema {
  const properties = Object.entries(shape).map(([name, type]) => [name, describeType(slug, answers, type)]);
  return { type: 'object', properties: Object.fromEntries(properties) };
}

const scalars: Record<string, JsonSchema> = {
  string: { type: ['string', 'null'] },
  int: { type: ['integer', 'null'] },
  int64: { type: ['integer', 'null'], format: 'int64' },
  float: { type: ['number', 'null'] },
  boolean: { type: ['boolean', 'null'] },
  json: {},
};

function describeType(slug: string, { shapes }: AnswerShapes, type: string): JsonSchema {
  const { name, isList } = readType(type);
  const known = Object.hasOwn(shapes, name);
  const one = known ? { anyOf: [{ $ref: `#/components/schemas/${slug}.${name}` }, { type: 'null' }] } : (scalars[name] ?? {});
  return isList ? { type: ['array', 'null'], items: one } : one;
}
