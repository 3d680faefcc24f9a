/** OpenAPI 3.1 of the REST routes, made of the rows themselves and the types that check them. */
import { errorStatus } from '../../../core/errors.ts';
import { errorCodes } from '../../../core/schema/error-code.ts';
import type { JsonSchema } from '../../../domains/recipes/catalogue.ts';
import { version } from '../../http/version.ts';
import type { AnyRoute } from '../route.ts';
import { listMembers, printJsonSchema } from './json-schemas.ts';

export interface ApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, unknown>>;
  components: Record<string, Record<string, unknown>>;
}

/** Rows that belong together, in the order of the document. */
export interface RouteGroup {
  name: string;
  description: string;
  rows: readonly AnyRoute[];
}

/** Of the rows that are the same for everybody. */
export function describeRoutes(groups: readonly RouteGroup[], publicUrl: string): ApiDocument {
  const schemas: Record<string, unknown> = { Error: errorSchema };
  const paths: ApiDocument['paths'] = {};
  for (const { name, rows } of groups)
    for (const row of rows) {
      const path = row.path.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [row.method.toLowerCase()]: describeRow(row, name, schemas) };
    }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Skillett',
      version,
      summary: 'One key between agents and the services that people use.',
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: groups.map((group) => ({ name: group.name, description: group.description })),
    paths,
    components: { parameters, responses, headers, securitySchemes: securitySchemes(publicUrl), schemas },
  };
}

const description = [
  'Every integration’s endpoints are called the same way: `POST /v1/{integration}/{endpoint}` with `{"params": {…}}`. `GET /v1/skills` lists the integrations, `GET /v1/skills/{integration}/{endpoint}` says what an endpoint takes.',
  'This document has the endpoints of an integration as operations of their own where it is asked for with a key: `/openapi.json?integrations=github,slack`.',
  'A refusal or failure of Skillett is `{"error", "message"}` with the header `X-Skillett-Error-Source: skillett`; a failure of the service that was called is `{"status", "error"}` with `upstream` there. Every answer has `X-Request-Id`.',
].join('\n\n');

function describeRow(row: AnyRoute, tag: string, schemas: Record<string, unknown>): Record<string, unknown> {
  const { operation, summary } = row;
  const name = toTypeName(operation.name);
  if (row.body) schemas[`${name}Input`] = printJsonSchema(row.body, 'input');
  if (row.status !== 204 && row.mediaType === undefined)
    schemas[`${name}Output`] = printJsonSchema(row.output ?? operation.output, 'output');
  if (row.failure) schemas[`${name}Failure`] = printJsonSchema(row.failure, 'output');
  const taken = [...describePath(row), ...describeQuery(row), ...describeHeaders(row)];
  return {
    operationId: operation.name,
    tags: [tag],
    summary,
    security: security[row.access],
    ...(taken.length > 0 ? { parameters: taken } : {}),
    ...(row.body ? { requestBody: describeBody(row, name) } : {}),
    responses: {
      [successStatus(row)]: describeSuccess(row, name),
      ...refusals(row.failure ? `${name}Failure` : undefined),
    },
  };
}

/** `list_integrations` → `ListIntegrations`. */
function toTypeName(operation: string): string {
  return operation.replace(/(^|_)(\w)/g, (_all, _line, letter: string) => letter.toUpperCase());
}

function successStatus({ status, passesStatus }: AnyRoute): string {
  return passesStatus ? '2XX' : String(status ?? 200);
}

const pathNames: Record<string, string> = {
  integration: 'Slug of an integration, such as `github`.',
  slug: 'Slug of an integration, such as `github`.',
  endpoint: 'Name of one of its endpoints, such as `create_issue`.',
  connectionId: 'Id of a connection, `conn_…`.',
  id: 'Id of an API key, `key_…`.',
};

function describePath({ path }: AnyRoute): Record<string, unknown>[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: pathNames[name as string],
    schema: { type: 'string', pattern: '^[A-Za-z0-9_-]+$' },
  }));
}

/** Of a row without a body, whatever of the operation's input its path does not fill. */
function describeQuery(row: AnyRoute): Record<string, unknown>[] {
  if (row.body) return [];
  const { properties, required } = listMembers(row.operation.input);
  const mark = 'filled by the path';
  const marked = Object.fromEntries(describePath(row).map(({ name }) => [name, mark]));
  const asked = { gateway: undefined as never, path: marked, query: new URLSearchParams(), headers: {}, body: undefined };
  const filled = row.input(asked) as Record<string, unknown>;
  return Object.entries(properties)
    .filter(([name]) => filled[name] !== mark)
    .map(([name, schema]) => {
      const { description: meaning = queryNames[name], ...rest } = schema;
      return {
        name,
        in: 'query',
        ...(required.includes(name) ? { required: true } : {}),
        description: meaning,
        schema: rest,
        ...(rest.type === 'array' ? { style: 'form', explode: false } : {}),
      };
    });
}

const queryNames: Record<string, string> = {
  limit: 'How many to list at most; all other lists than that of API keys take 100 where it is left out.',
  cursor: '`next_cursor` of the page before.',
  search: 'Words to look for in names and descriptions.',
  category: 'Only those of this category.',
  connected: 'Only those with (true) or without (false) an account that can be used.',
  method: 'Only those that call the service by this method.',
  read_only: 'Only those that read (true), or that write (false).',
};

function describeHeaders({ operation }: AnyRoute): Record<string, unknown>[] {
  if (!('idempotency_key' in listMembers(operation.input).properties)) return [];
  return [{ $ref: '#/components/parameters/IdempotencyKey' }];
}

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes repeating safe: the first answer to this key is kept for 24 hours and given again with `Idempotent-Replayed: true`.',
    schema: { type: 'string' },
  },
};

function describeBody({ body, form }: AnyRoute, name: string): Record<string, unknown> {
  const content = { schema: { $ref: `#/components/schemas/${name}Input` } };
  return {
    required: body !== undefined && listMembers(body).required.length > 0,
    content: { 'application/json': content, ...(form ? { 'application/x-www-form-urlencoded': content } : {}) },
  };
}

function describeSuccess(row: AnyRoute, name: string): Record<string, unknown> {
  const json = row.mediaType === undefined ? { 'application/json': { schema: { $ref: `#/components/schemas/${name}Output` } } } : {};
  const texts = [row.mediaType, row.markdown && 'text/markdown', ...(row.otherTypes ?? [])].filter((type) => type !== undefined);
  const content = {
    ...json,
    ...Object.fromEntries(texts.map((type) => [type, type === 'application/octet-stream' ? {} : { schema: { type: 'string' } }])),
  };
  return {
    description: row.status === 204 ? 'It is done.' : row.status === 201 ? 'It was made.' : 'The answer.',
    headers: describeAnswerHeaders(row.headers),
    ...(row.status === 204 ? {} : { content }),
  };
}

export function describeAnswerHeaders(named: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const own = Object.entries(named).map(([name, meaning]) => [name, { description: meaning, schema: { type: 'string' } }]);
  return { 'X-Request-Id': { $ref: '#/components/headers/RequestId' }, ...Object.fromEntries(own) };
}

/** What every operation may answer instead; `failure` names the schema of a further body. */
export function refusals(failure: string | undefined): Record<string, unknown> {
  if (failure === undefined) return { '4XX': { $ref: '#/components/responses/Refused' }, '5XX': { $ref: '#/components/responses/Failed' } };
  const anyOf = [{ $ref: '#/components/schemas/Error' }, { $ref: `#/components/schemas/${failure}` }];
  const answer = (meaning: string) => ({
    description: meaning,
    headers: { ...describeAnswerHeaders(), 'X-Skillett-Error-Source': { $ref: '#/components/headers/ErrorSource' } },
    content: { 'application/json': { schema: { anyOf } } },
  });
  return { '4XX': answer('Refused, here or by the service.'), '5XX': answer('Failed, here or at the service.') };
}

const errorSchema: JsonSchema = {
  type: 'object',
  description: 'A refusal or failure of Skillett.',
  properties: {
    error: {
      type: 'string',
      enum: Object.keys(errorStatus),
      description: Object.entries(errorStatus)
        .map(([code, status]) => `- \`${code}\` (${status}): ${errorCodes[code as keyof typeof errorStatus]}`)
        .join('\n'),
    },
    message: { type: 'string', description: 'What went wrong and how to mend it.' },
    action_url: { type: 'string', description: 'A link for a person, when one helps.' },
    details: {
      type: 'array',
      description: 'Faults one by one.',
      items: {
        type: 'object',
        properties: { path: { type: 'string', description: 'Where it is.' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['error', 'message'],
};

const headers = {
  RequestId: { description: 'Names the request; quote it in reports.', schema: { type: 'string', pattern: '^req_[0-9a-f]+$' } },
  ErrorSource: { description: 'Who refused or failed.', schema: { type: 'string', enum: ['skillett', 'upstream'] } },
  RetryAfter: { description: 'Seconds to wait, with 429 and 503.', schema: { type: 'string' } },
};

const errorAnswer = (meaning: string) => ({
  description: meaning,
  headers: {
    ...describeAnswerHeaders(),
    'X-Skillett-Error-Source': { $ref: '#/components/headers/ErrorSource' },
    'Retry-After': { $ref: '#/components/headers/RetryAfter' },
  },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const responses = { Refused: errorAnswer('Refused.'), Failed: errorAnswer('Failed.') };

function securitySchemes(publicUrl: string): Record<string, unknown> {
  // As domains/users/sign-in/auth.ts has better-auth name it.
  const name = `${publicUrl.startsWith('https:') ? '__Secure-' : ''}skillett.session_token`;
  return {
    key: { type: 'http', scheme: 'bearer', bearerFormat: 'sk_…', description: 'An API key of this installation.' },
    session: { type: 'apiKey', in: 'cookie', name, description: 'A person who is signed in to the dashboard.' },
  };
}

const security = { key: [{ key: [] }], key_or_session: [{ key: [] }, { session: [] }], session: [{ session: [] }], open: [] };
