/** The ordered table of REST routes: which operation, and how path, query and body become its input. What it does stands in its domain. */
import { z } from 'zod';
import { pageSizeMax } from '../../core/paging.ts';
import { streamTypes } from '../../domains/executions/answer/passed/streams.ts';
import { envelopeStatus, type RawAnswer } from '../../domains/executions/execution.ts';
import { asksFor } from '../http/accept.ts';
import { executionBytesMax } from '../http/body/read-body.ts';
import { apiKeyList, createApiKey, listApiKeys, revokeApiKey } from '../operations/api-keys.ts';
import { disconnect, listConnections, readConnection, startConnection } from '../operations/connections.ts';
import {
  decideDevice,
  deviceScopes,
  deviceTokenAnswer,
  deviceTokenFailure,
  pollDeviceToken,
  readDeviceLoginMetadata,
  requestDeviceCode,
} from '../operations/device-login.ts';
import { describeEndpoint, readEndpointDocument } from '../operations/endpoints.ts';
import { type Envelope, execute, executionAnswer, executionBody, executionFailure, proxy, proxyBody } from '../operations/execute.ts';
import { describeIntegration, listIntegrations } from '../operations/integrations.ts';
import { readSkillFiles } from '../operations/skill-files.ts';
import type { RouteGroup } from './description/api-document.ts';
import { describeThemselves } from './description/description-routes.ts';
import { booleanQuery, methodQuery, pageQuery, textQuery } from './query.ts';
import { type AnyRoute, type RouteAnswer, route } from './route.ts';

const skills: AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/skills',
    summary: 'Integrations the key may call; filters `search`, `category`, `connected`',
    access: 'key',
    operation: listIntegrations,
    input: ({ query }) => ({
      search: textQuery(query, 'search'),
      category: textQuery(query, 'category'),
      connected: booleanQuery(query, 'connected'),
      ...pageQuery(query),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/skills/:integration',
    summary: 'One integration with its endpoints; filters `search`, `category`, `method`, `read_only`',
    access: 'key',
    operation: describeIntegration,
    input: ({ path, query }) => ({
      integration: path.integration as string,
      search: textQuery(query, 'search'),
      category: textQuery(query, 'category'),
      method: methodQuery(query),
      read_only: booleanQuery(query, 'read_only'),
      ...pageQuery(query),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/skills/:integration/:endpoint',
    summary: 'One endpoint in full; its document with `Accept: text/markdown`',
    access: 'key',
    operation: describeEndpoint,
    markdown: readEndpointDocument,
    input: ({ path }) => ({ integration: path.integration as string, endpoint: path.endpoint as string }),
  }),
];

const connections: AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/connect',
    summary: 'Start a consent, or store a credential (`credentials`)',
    access: 'key',
    body: startConnection.input,
    operation: startConnection,
    input: ({ body }) => body,
  }),
  route({
    method: 'GET',
    path: '/v1/connect',
    summary: 'The connections of the user',
    access: 'key',
    operation: listConnections,
    input: ({ query }) => pageQuery(query),
  }),
  route({
    method: 'GET',
    path: '/v1/connect/:connectionId',
    summary: 'How a consent or connection stands',
    access: 'key',
    operation: readConnection,
    input: ({ path }) => ({ connection_id: path.connectionId as string }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/connect/:connectionId',
    summary: 'Disconnect; `X-Skillett-Revoked` says whether the provider was told',
    access: 'key',
    operation: disconnect,
    input: ({ path }) => ({ connection_id: path.connectionId as string }),
    status: 204,
    answer: ({ revoked }) => ({ headers: { 'x-skillett-revoked': revoked } }),
    headers: { 'X-Skillett-Revoked': 'Whether the provider was told: `true`, `false` or `unsupported`.' },
  }),
];

const streamKinds = ['sse', 'ndjson'] as const;

/** Of rows that execute. */
const executed = {
  bodyBytesMax: executionBytesMax,
  passesStatus: true,
  output: executionAnswer,
  failure: executionFailure,
  headers: {
    'RateLimit-Limit': 'Executions per minute and key.',
    'RateLimit-Remaining': 'How many of them are left.',
    'RateLimit-Reset': 'Seconds until the next minute begins.',
    'X-Skillett-Next': 'Leads to the next page: give it back as `next` beside the same `params`.',
    'Idempotent-Replayed': '`true`: the first answer to this `Idempotency-Key`.',
  },
};

const executions: AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/proxy/:integration',
    summary: 'Send a request that no endpoint covers: `{"method", "path", "query"?, "headers"?, "body"?, "account"?, "select"?}`',
    access: 'key',
    ...executed,
    otherTypes: ['application/octet-stream'],
    body: proxyBody,
    operation: proxy,
    input: ({ path, headers, body }) => ({
      ...body,
      integration: path.integration as string,
      idempotency_key: headers['idempotency-key'] as string | undefined,
      raw: asksFor(headers.accept, 'application/octet-stream', 'application/json'),
    }),
    answer: answerOfExecution,
  }),
  route({
    method: 'GET',
    path: '/v1/:slug/download',
    summary: "An integration's skill files",
    access: 'key',
    operation: readSkillFiles,
    input: ({ path }) => ({ integration: path.slug as string }),
  }),
  route({
    method: 'POST',
    path: '/v1/:integration/:endpoint',
    summary: 'Execute an endpoint: `{"params": {…}, "account"?, "select"?, "view"?, "with"?, "next"?}`',
    access: 'key',
    ...executed,
    otherTypes: ['application/octet-stream', ...streamKinds.map((kind) => streamTypes[kind][0])],
    body: executionBody,
    operation: execute,
    input: ({ path, headers, body }) => ({
      ...body,
      integration: path.integration as string,
      endpoint: path.endpoint as string,
      idempotency_key: headers['idempotency-key'] as string | undefined,
      raw: asksFor(headers.accept, 'application/octet-stream', 'application/json'),
      streams: streamKinds.filter((kind) => asksFor(headers.accept, streamTypes[kind][0], 'application/json')),
    }),
    answer: answerOfExecution,
  }),
];

function answerOfExecution(output: Envelope | RawAnswer): RouteAnswer {
  if ('body' in output) return { raw: output };
  const status = envelopeStatus(output.status);
  if (output.meta === undefined && !('next' in output) && !('error' in output)) return { status };
  const { meta, ...named } = output;
  if ('error' in named) return { status, json: named, headers: { ...meta, 'x-skillett-error-source': 'upstream' } };
  const { next, ...json } = named;
  return { status, json, headers: { ...meta, ...(next === undefined ? {} : { 'x-skillett-next': next }) } };
}

const apiKeys: AnyRoute[] = [
  route({
    method: 'GET',
    path: '/api-keys',
    summary: 'The API keys of the user; pages by the `Link` header with `limit`',
    access: 'key_or_session',
    operation: listApiKeys,
    input: ({ query }) => pageQuery(query),
    output: apiKeyList,
    headers: { Link: 'With `limit`: the address of the next page, `rel="next"`.' },
    answer: ({ api_keys: json, next_cursor: cursor }, { gateway, query }) => {
      if (cursor === null) return { json };
      const next = new URLSearchParams({ limit: query.get('limit') ?? String(pageSizeMax), cursor });
      // RFC 8288
      return { json, headers: { link: `<${gateway.config.publicUrl}/api-keys?${next}>; rel="next"` } };
    },
  }),
  route({
    method: 'POST',
    path: '/api-keys',
    summary: 'Make an API key; the answer holds it, once',
    access: 'key_or_session',
    body: createApiKey.input,
    operation: createApiKey,
    input: ({ body }) => body,
    status: 201,
  }),
  route({
    method: 'DELETE',
    path: '/api-keys/:id',
    summary: 'Revoke an API key and the keys made with it',
    access: 'key_or_session',
    operation: revokeApiKey,
    input: ({ path }) => ({ id: path.id as string }),
    status: 204,
  }),
];

// Not strict: an authorization server ignores parameters it does not know (RFC 6749, section 3.2).
const deviceCodeBody = z.object({
  client_id: z.string().optional(),
  client_name: z.string().optional(),
  scope: deviceScopes.optional(),
  scopes: deviceScopes.optional(),
});

const deviceTokenBody = z.object({ device_code: z.string().optional(), grant_type: z.string().optional() });

const deviceLogin: AnyRoute[] = [
  route({
    method: 'POST',
    path: '/auth/device/code',
    summary: 'Start a device login; takes a form too',
    access: 'open',
    form: true,
    body: deviceCodeBody,
    operation: requestDeviceCode,
    input: ({ body }) => ({
      client_name: body.client_name || body.client_id,
      // A parameter without a value counts as left out (RFC 6749, section 3.1).
      scopes: [body.scope, body.scopes].find((list) => list !== undefined && list.length > 0),
    }),
  }),
  route({
    method: 'POST',
    path: '/auth/device/authorize',
    summary: 'Approve a device login, or refuse it (`deny`)',
    access: 'session',
    page: '/device',
    body: decideDevice.input,
    operation: decideDevice,
    input: ({ body }) => body,
  }),
  route({
    method: 'POST',
    path: '/auth/device/token',
    summary: 'Poll a device login; takes a form too, and with `grant_type` answers as RFC 8628 says',
    access: 'open',
    form: true,
    body: deviceTokenBody,
    operation: pollDeviceToken,
    output: deviceTokenAnswer,
    failure: deviceTokenFailure,
    input: ({ body }) => ({ device_code: body.device_code ?? '', grant_type: body.grant_type || undefined }),
    answer: (output) => {
      const waiting = 'status' in output && output.status === 'pending';
      // RFC 8628, section 3.5: every other answer that holds no token is a 400 with a code.
      return 'error' in output && !waiting ? { status: 400, headers: { 'x-skillett-error-source': 'skillett' } } : {};
    },
  }),
  route({
    method: 'GET',
    path: '/.well-known/oauth-authorization-server/auth',
    summary: 'Where a device login begins and ends (RFC 8414), for the issuer `<PUBLIC_URL>/auth`',
    access: 'open',
    operation: readDeviceLoginMetadata,
    input: () => ({}),
  }),
];

const called: readonly RouteGroup[] = [
  { name: 'catalogue', description: 'What there is to call.', rows: skills },
  { name: 'connections', description: 'Accounts of people at services.', rows: connections },
  { name: 'executions', description: 'Calling it.', rows: executions },
  { name: 'api keys', description: 'Keys like the one that this takes.', rows: apiKeys },
  { name: 'device login', description: 'How a program gets a key from a person (RFC 8628).', rows: deviceLogin },
];

export const routeGroups: readonly RouteGroup[] = describeThemselves(called, executed.headers);
export const routes: readonly AnyRoute[] = routeGroups.flatMap(({ rows }) => rows);
