/**
 * The ordered table of REST routes: each is a GraphQL document over the same resolvers, and the shape of its answer. The file
 * is long because it is the one table; what a route does stands in its domain.
 */
import { z } from 'zod';
import { badRequest } from '../../core/errors.ts';
import { pageSizeMax } from '../../core/paging.ts';
import { parseDateTime } from '../../core/schema/builder.ts';
import { envelopeStatus, type RawAnswer } from '../../domains/executions/execution.ts';
import { httpMethods } from '../../domains/recipes/format/format.ts';
import { decideDevice, deviceScopes } from '../operations/device-login.ts';
import { type Envelope, execute, executionBytesMax, paramsInput } from '../operations/execute.ts';
import { readSkillFiles } from '../operations/skill-files.ts';
import type { Route, RouteAnswer, RouteInput } from './router.ts';

/** `limit`, `cursor` → `first`, `after`. */
function page(input: RouteInput, fallback: number = pageSizeMax): { first: number; after: string | undefined } {
  return { first: integerQuery(input, 'limit') ?? fallback, after: input.query.get('cursor') ?? undefined };
}

function integerQuery(input: RouteInput, name: string): number | undefined {
  const value = input.query.get(name);
  if (value === null) return undefined;
  if (!/^\d{1,6}$/.test(value) || Number(value) < 1 || Number(value) > pageSizeMax)
    throw badRequest(`\`${name}\` must be a whole number from 1 to ${pageSizeMax}, not "${value}".`);
  return Number(value);
}

function booleanQuery(input: RouteInput, name: string): boolean | undefined {
  const value = input.query.get(name);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw badRequest(`\`${name}\` must be true or false, not "${value}".`);
  return value === 'true';
}

function textQuery(input: RouteInput, name: string): string | undefined {
  return input.query.get(name) ?? undefined;
}

function methodQuery(input: RouteInput): string | undefined {
  const value = input.query.get('method')?.toUpperCase();
  if (value !== undefined && !httpMethods.some((method) => method === value))
    throw badRequest(`\`method\` must be one of ${httpMethods.join(', ')}, not "${input.query.get('method')}".`);
  return value;
}

interface PageFields {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

function nextCursor(list: PageFields): string | null {
  return list.pageInfo.hasNextPage ? list.pageInfo.endCursor : null;
}

const pageFields = 'totalCount pageInfo { hasNextPage endCursor }';
const ok = (json: unknown): RouteAnswer => ({ status: 200, json });

const skills: Route[] = [
  {
    method: 'GET',
    path: '/v1/skills',
    summary: 'Integrations the key may call; filters `search`, `category`, `connected`',
    access: 'key',
    document: `query ($search: String, $category: String, $connected: Boolean, $first: Int, $after: String) {
      integrations(search: $search, category: $category, connected: $connected, first: $first, after: $after) {
        nodes { slug name description category authTypes connected accounts endpointCount } ${pageFields} } }`,
    variables: (input) => ({
      search: textQuery(input, 'search'),
      category: textQuery(input, 'category'),
      connected: booleanQuery(input, 'connected'),
      ...page(input),
    }),
    answer: ({ integrations }) =>
      ok({
        // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
        integrations: integrations.nodes.map((node: any) => ({
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
  },
  {
    method: 'GET',
    path: '/v1/skills/:integration',
    summary: 'One integration with its endpoints; filters `search`, `category`, `method`, `read_only`',
    access: 'key',
    document: `query ($slug: String!, $search: String, $category: String, $method: HttpMethod, $readOnly: Boolean, $first: Int, $after: String) {
      integration(slug: $slug) { slug name description version connected
        endpoints(search: $search, category: $category, method: $method, readOnly: $readOnly, first: $first, after: $after) {
          nodes { name method category description readOnly } ${pageFields} } } }`,
    variables: (input) => ({
      slug: input.path.integration,
      search: textQuery(input, 'search'),
      category: textQuery(input, 'category'),
      method: methodQuery(input),
      readOnly: booleanQuery(input, 'read_only'),
      ...page(input),
    }),
    answer: ({ integration }) =>
      ok({
        slug: integration.slug,
        name: integration.name,
        description: integration.description,
        version: integration.version,
        connected: integration.connected,
        // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
        endpoints: integration.endpoints.nodes.map((node: any) => ({
          name: node.name,
          method: node.method,
          category: node.category,
          description: node.description,
          read_only: node.readOnly,
        })),
        next_cursor: nextCursor(integration.endpoints),
        total: integration.endpoints.totalCount,
      }),
  },
  {
    method: 'GET',
    path: '/v1/skills/:integration/:endpoint',
    summary: 'One endpoint in full; its document with `Accept: text/markdown`',
    access: 'key',
    document: `query ($integration: String!, $name: String!, $markdown: Boolean!) {
      endpoint(integration: $integration, name: $name) {
        document @include(if: $markdown)
        ... @skip(if: $markdown) { integration name method category description readOnly providerScopes
          parameters { name type required description default enum example }
          schema example { params cli curl } answer errors { error fix } } } }`,
    variables: (input) => ({ integration: input.path.integration, name: input.path.endpoint, markdown: accepts(input, 'text/markdown') }),
    answer: ({ endpoint }) => {
      if (endpoint.document !== undefined) return { status: 200, text: endpoint.document, contentType: 'text/markdown' };
      return ok({
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
      });
    },
  },
];

/** The media type is named in Accept by itself (a browser's catch-all does not ask for it), and not refused by a weight of 0. */
function accepts(input: RouteInput, mediaType: string): boolean {
  return (input.headers.accept ?? '').split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    return name === mediaType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

const connectBody = z.strictObject({
  integration: z.string(),
  account: z.string().optional(),
  scopes: z.union([z.string().transform((list) => list.split(',')), z.array(z.string())]).optional(),
  credentials: z.record(z.string(), z.string()).optional(),
});

const connectionFields = 'id integration account isDefault status reason authType providerScopes createdAt';

const connections: Route[] = [
  {
    method: 'POST',
    path: '/v1/connect',
    summary: 'Start a consent, or store a credential (`credentials`)',
    access: 'key',
    body: connectBody,
    document: `mutation ($integration: String!, $account: String, $scopes: [String!], $credentials: JSON) {
      startConnection(integration: $integration, account: $account, scopes: $scopes, credentials: $credentials) { connectionId status oauthUrl } }`,
    variables: (input) => input.body as z.infer<typeof connectBody>,
    answer: ({ startConnection: started }) =>
      ok(
        started.oauthUrl === null
          ? { connection_id: started.connectionId, status: started.status }
          : { oauth_url: started.oauthUrl, connection_id: started.connectionId },
      ),
  },
  {
    method: 'GET',
    path: '/v1/connect',
    summary: 'The connections of the user',
    access: 'key',
    document: `query ($first: Int, $after: String) { connections(first: $first, after: $after) { nodes { ${connectionFields} } ${pageFields} } }`,
    variables: (input) => page(input),
    answer: ({ connections: list }) =>
      ok({
        // biome-ignore lint/suspicious/noExplicitAny: rows of the document above
        connections: list.nodes.map((node: any) => ({
          connection_id: node.id,
          integration: node.integration,
          account: node.account,
          default: node.isDefault,
          status: node.status,
          ...(node.reason === null ? {} : { reason: node.reason }),
          auth_type: node.authType,
          provider_scopes: node.providerScopes,
          created_at: node.createdAt,
        })),
        next_cursor: nextCursor(list),
        total: list.totalCount,
      }),
  },
  {
    method: 'GET',
    path: '/v1/connect/:connectionId',
    summary: 'How a consent or connection stands',
    access: 'key',
    document: 'query ($id: ID!) { connection(id: $id) { status integration reason } }',
    variables: (input) => ({ id: input.path.connectionId }),
    answer: ({ connection }) =>
      ok({
        status: connection.status,
        integration: connection.integration,
        ...(connection.reason === null ? {} : { reason: connection.reason }),
      }),
  },
  {
    method: 'DELETE',
    path: '/v1/connect/:connectionId',
    summary: 'Disconnect; `X-Skillett-Revoked` says whether the provider was told',
    access: 'key',
    document: 'mutation ($id: ID!) { disconnect(id: $id) { revoked } }',
    variables: (input) => ({ id: input.path.connectionId }),
    answer: ({ disconnect }) => ({ status: 204, headers: { 'x-skillett-revoked': disconnect.revoked } }),
  },
];

const executionBody = z.strictObject({ params: paramsInput.nullish(), account: z.string().nullish(), select: z.string().nullish() });

const executions: Route[] = [
  {
    method: 'GET',
    path: '/v1/:slug/download',
    summary: "An integration's skill files",
    access: 'key',
    operation: readSkillFiles,
    variables: (input) => ({ integration: input.path.slug }),
    answer: (output) => ok(output),
  },
  {
    method: 'POST',
    path: '/v1/:integration/:endpoint',
    summary: 'Execute an endpoint: `{"params": {…}, "account"?, "select"?}`',
    access: 'key',
    body: executionBody,
    bodyBytesMax: executionBytesMax,
    operation: execute,
    variables: (input) => ({
      ...(input.body as z.infer<typeof executionBody> | undefined),
      integration: input.path.integration,
      endpoint: input.path.endpoint,
      idempotency_key: input.headers['idempotency-key'],
      raw: accepts(input, 'application/octet-stream'),
    }),
    answer: (output: Envelope | RawAnswer) => {
      if ('body' in output) return { status: output.status, raw: output };
      return {
        status: envelopeStatus(output.status),
        ...('error' in output ? { failed: true, headers: { 'x-skillett-error-source': 'upstream' } } : {}),
        json: output,
      };
    },
  },
];

const apiKeyFields = 'id name keyPrefix scopes lastUsedAt expiresAt revokedAt createdAt';

interface ApiKeyFields {
  id: string;
  name: string;
  keyPrefix: string;
  scopes: string[];
  lastUsedAt: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  createdAt: string;
}

const newApiKeyBody = z.strictObject({
  name: z.string(),
  scopes: z.union([z.string().transform((list) => [list]), z.array(z.string())]).nullish(),
  expires_at: z.string().nullish(),
});

const apiKeys: Route[] = [
  {
    method: 'GET',
    path: '/api-keys',
    summary: 'The API keys of the user; pages by the `Link` header with `limit`',
    access: 'key_or_session',
    document: `query ($paged: Boolean!, $first: Int, $after: String) {
      apiKeys(first: $first, after: $after) @include(if: $paged) { nodes { ${apiKeyFields} } ${pageFields} }
      viewer @skip(if: $paged) { apiKeys { ${apiKeyFields} } } }`,
    variables: (input) => ({ paged: input.query.has('limit') || input.query.has('cursor'), ...page(input) }),
    answer: (data, input) => {
      const keys: ApiKeyFields[] = data.apiKeys ? data.apiKeys.nodes : data.viewer.apiKeys;
      const next = data.apiKeys ? nextCursor(data.apiKeys) : null;
      const query = new URLSearchParams({ limit: input.query.get('limit') ?? String(pageSizeMax), cursor: next ?? '' });
      return {
        status: 200,
        // RFC 8288
        ...(next === null ? {} : { headers: { link: `<${input.context.gateway.config.publicUrl}/api-keys?${query}>; rel="next"` } }),
        json: keys.map((key) => ({
          id: key.id,
          name: key.name,
          key_prefix: key.keyPrefix,
          scopes: key.scopes,
          last_used_at: key.lastUsedAt,
          expires_at: key.expiresAt,
          revoked_at: key.revokedAt,
          created_at: key.createdAt,
        })),
      };
    },
  },
  {
    method: 'POST',
    path: '/api-keys',
    summary: 'Make an API key; the answer holds it, once',
    access: 'key_or_session',
    body: newApiKeyBody,
    document: `mutation ($name: String!, $scopes: [String!], $expiresAt: DateTime) {
      createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) { apiKey { ${apiKeyFields} } fullKey } }`,
    variables: (input) => {
      const body = input.body as z.infer<typeof newApiKeyBody>;
      if (body.expires_at) parseDateTime(body.expires_at);
      return { name: body.name, scopes: body.scopes, expiresAt: body.expires_at };
    },
    answer: ({ createApiKey: made }: { createApiKey: { apiKey: ApiKeyFields; fullKey: string } }) => ({
      status: 201,
      json: {
        api_key: {
          id: made.apiKey.id,
          name: made.apiKey.name,
          key_prefix: made.apiKey.keyPrefix,
          scopes: made.apiKey.scopes,
          expires_at: made.apiKey.expiresAt,
          created_at: made.apiKey.createdAt,
        },
        full_key: made.fullKey,
      },
    }),
  },
  {
    method: 'DELETE',
    path: '/api-keys/:id',
    summary: 'Revoke an API key and the keys made with it',
    access: 'key_or_session',
    document: 'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }',
    variables: (input) => ({ id: input.path.id }),
    answer: () => ({ status: 204 }),
  },
];

// Not strict: an authorization server ignores parameters it does not know (RFC 6749, section 3.2).
const deviceCodeBody = z.object({
  client_id: z.string().optional(),
  client_name: z.string().optional(),
  scope: deviceScopes.optional(),
  scopes: deviceScopes.optional(),
});

const deviceTokenBody = z.object({ device_code: z.string().optional(), grant_type: z.string().optional() });

const deviceLogin: Route[] = [
  {
    method: 'POST',
    path: '/auth/device/code',
    summary: 'Start a device login; takes a form too',
    access: 'open',
    form: true,
    body: deviceCodeBody,
    document: `mutation ($clientName: String, $scopes: [String!]) { requestDeviceCode(clientName: $clientName, scopes: $scopes) {
      deviceCode userCode verificationUri verificationUriComplete expiresIn interval } }`,
    variables: (input) => {
      const body = input.body as z.infer<typeof deviceCodeBody>;
      // A parameter without a value counts as left out (RFC 6749, section 3.1).
      const scopes = [body.scope, body.scopes].find((list) => list !== undefined && list.length > 0);
      return { clientName: body.client_name || body.client_id, scopes };
    },
    answer: ({ requestDeviceCode: code }) =>
      ok({
        device_code: code.deviceCode,
        user_code: code.userCode,
        verification_uri: code.verificationUri,
        verification_uri_complete: code.verificationUriComplete,
        expires_in: code.expiresIn,
        interval: code.interval,
      }),
  },
  {
    method: 'POST',
    path: '/auth/device/authorize',
    summary: 'Approve a device login, or refuse it (`deny`)',
    access: 'session',
    page: '/device',
    body: decideDevice.input,
    operation: decideDevice,
    variables: (input) => input.body as Record<string, unknown>,
    answer: (output) => ok(output),
  },
  {
    method: 'POST',
    path: '/auth/device/token',
    summary: 'Poll a device login; takes a form too, and with `grant_type` answers as RFC 8628 says',
    access: 'open',
    form: true,
    body: deviceTokenBody,
    document: `mutation ($deviceCode: String!, $grantType: String) { pollDeviceToken(deviceCode: $deviceCode, grantType: $grantType) {
      status error message user { email displayName } apiKeysUrl accessToken tokenType scope } }`,
    variables: (input) => {
      const body = input.body as z.infer<typeof deviceTokenBody>;
      return { deviceCode: body.device_code ?? '', grantType: body.grant_type || undefined };
    },
    answer: ({ pollDeviceToken: answer }, input) =>
      (input.body as z.infer<typeof deviceTokenBody>).grant_type ? oauthAnswer(answer) : compatibleAnswer(answer),
  },
];

interface DeviceTokenFields {
  status: string;
  error: string | null;
  message: string | null;
  user: { email: string; displayName: string } | null;
  apiKeysUrl: string | null;
  accessToken: string | null;
  tokenType: string | null;
  scope: string | null;
}

const refusedHere = { 'x-skillett-error-source': 'skillett' };

/** RFC 8628, section 3.5: every answer that holds no token is a 400 with a code. */
function oauthAnswer(answer: DeviceTokenFields): RouteAnswer {
  return answer.status === 'complete'
    ? ok({ access_token: answer.accessToken, token_type: answer.tokenType, scope: answer.scope })
    : { status: 400, headers: refusedHere, json: { error: answer.error, error_description: answer.message } };
}

function compatibleAnswer({ status, error, message, user, apiKeysUrl }: DeviceTokenFields): RouteAnswer {
  if (user) return ok({ status, user: { email: user.email, display_name: user.displayName }, api_keys_url: apiKeysUrl });
  if (status === 'pending') return ok({ status, error });
  const json = status === 'used' ? { error, message } : { status, error, message };
  return { status: 400, headers: refusedHere, json };
}

export const routes: readonly Route[] = [...skills, ...connections, ...executions, ...apiKeys, ...deviceLogin];
