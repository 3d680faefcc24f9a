/** The authorisation server's routes beside the page of consent: metadata, tokens, registration, revocation. */
import { z } from 'zod';
import type { Gateway } from '../../core/context.ts';
import { SkillettError } from '../../core/errors.ts';
import { redeemCode, refreshGrant, revokeGrant, type TokenSet } from '../../domains/oauth-clients/grants.ts';
import { guardRegistration, metadataFault, registerClient } from '../../domains/oauth-clients/oauth-clients.ts';
import { createContext } from '../http/context.ts';
import { sendError } from '../http/send-error.ts';
import type { Handler } from '../http/server.ts';
import {
  describeResource,
  describeServer,
  registerPath,
  resourceMetadataPath,
  resourceOf,
  revokePath,
  serverMetadataPath,
  tokenPath,
} from './addresses.ts';
import { answerOpenRoute, OAuthRefusal, readForm, readJson } from './answer.ts';

/** By exact path; programs call them, those in pages too. */
export function createOAuthRoutes(gateway: Gateway): Map<string, Handler> {
  return new Map<string, Handler>([
    [resourceMetadataPath, sendMetadata(gateway, describeResource(gateway.config))],
    [serverMetadataPath, sendMetadata(gateway, describeServer(gateway.config))],
    [
      tokenPath,
      (request, response, requestId) =>
        answerOpenRoute(gateway, { request, response, requestId }, async () => ({
          status: 200,
          body: printTokens(await giveTokens(gateway, await readForm(request, response), requestId)),
        })),
    ],
    [
      revokePath,
      (request, response, requestId) =>
        answerOpenRoute(gateway, { request, response, requestId }, async () => {
          await revokeGrant(gateway, required(await readForm(request, response), 'token'), requestId);
          return { status: 200, body: undefined };
        }),
    ],
    [
      registerPath,
      (request, response, requestId, signal) =>
        answerOpenRoute(gateway, { request, response, requestId }, async () => {
          const metadata = readMetadata(await readJson(request, response));
          const { address } = createContext(gateway, request, 'rest', requestId, signal);
          await guardRegistration(gateway, address);
          return { status: 201, body: await register(gateway, metadata) };
        }),
    ],
  ]);
}

function sendMetadata(gateway: Gateway, document: object): Handler {
  const body = JSON.stringify(document);
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return sendError(gateway, response, new SkillettError('method_not_allowed', 'This takes GET.', { headers: { allow: 'GET, HEAD' } }));
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

function required(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (value === undefined) throw new OAuthRefusal('invalid_request', `The body has no \`${name}\`.`);
  return value;
}

async function giveTokens(gateway: Gateway, form: ReadonlyMap<string, string>, requestId: string): Promise<TokenSet> {
  const grantType = required(form, 'grant_type');
  if (grantType !== 'authorization_code' && grantType !== 'refresh_token')
    throw new OAuthRefusal('unsupported_grant_type', 'The values of `grant_type` here are authorization_code and refresh_token.');
  const clientId = required(form, 'client_id');
  // RFC 8707, section 2: there is one resource here.
  const resource = form.get('resource');
  if (resource !== undefined && resource !== resourceOf(gateway.config))
    throw new OAuthRefusal('invalid_target', `The only \`resource\` here is ${resourceOf(gateway.config)}.`);
  const tokens =
    grantType === 'authorization_code'
      ? await redeemCode(
          gateway,
          {
            code: required(form, 'code'),
            clientId,
            redirectUri: required(form, 'redirect_uri'),
            verifier: required(form, 'code_verifier'),
          },
          requestId,
        )
      : await refreshGrant(gateway, { refreshToken: required(form, 'refresh_token'), clientId }, requestId);
  if (tokens) return tokens;
  throw new OAuthRefusal(
    'invalid_grant',
    grantType === 'authorization_code'
      ? 'The code is not good: it works once, within a minute, for the client, redirect_uri and code_verifier that it was asked for with.'
      : 'The refresh token is not good: it works once, for its own client, until the person or the client ends the grant. Sign in again.',
  );
}

function printTokens({ accessToken, refreshToken, expiresInSeconds, scopes }: TokenSet): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
    scope: scopes.join(' '),
  };
}

/** RFC 7591, section 2; what else a client says of itself is ignored. */
const Metadata = z.object({
  redirect_uris: z.array(z.string()),
  client_name: z.string().max(1_000).optional(),
  client_uri: z.string().optional(),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
});

function readMetadata(body: unknown): z.infer<typeof Metadata> {
  const read = Metadata.safeParse(body);
  if (!read.success) {
    const [fault] = read.error.issues;
    throw new OAuthRefusal('invalid_client_metadata', `${fault?.path.join('.') || 'The body'}: ${fault?.message ?? 'is not right'}.`);
  }
  const { grant_types = ['authorization_code'], response_types = ['code'] } = read.data;
  if (!grant_types.includes('authorization_code') || !response_types.includes('code'))
    throw new OAuthRefusal('invalid_client_metadata', 'Clients get the grant type authorization_code with the response type code here.');
  const fault = metadataFault({ redirectUris: read.data.redirect_uris, uri: read.data.client_uri });
  if (fault) throw new OAuthRefusal(fault.error, fault.description);
  return read.data;
}

/** What was asked for in another way than it is kept is answered as it is kept (RFC 7591, section 3.2.1): no client has a secret. */
async function register(gateway: Gateway, { redirect_uris, client_name, client_uri }: z.infer<typeof Metadata>): Promise<object> {
  const client = await registerClient(gateway, { redirectUris: redirect_uris, name: client_name, uri: client_uri });
  return {
    client_id: client.id,
    client_id_issued_at: Math.floor(gateway.clock.nowMs() / 1000),
    client_name: client.name,
    ...(client.uri === undefined ? {} : { client_uri: client.uri }),
    redirect_uris: client.redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}
