/** The sandbox's OAuth 2.0 server: token and revocation endpoints (RFC 6749 sections 4.1.3 and 6, RFC 7636, RFC 7009). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenContent, Tokens } from './tokens.ts';

export interface SandboxClient {
  id: string;
  secret: string;
}

/** Short, so that a refresh can be watched without waiting. */
export const accessTokenSeconds = 120;

export const sandboxScopes = { 'notes:read': 'Read your notes', 'notes:write': 'Read, create, change and delete your notes' } as const;

/** As the recipe says of it, writing includes reading: a consent that asks for both asks for writing alone. */
export function mayUse(granted: readonly string[], needed: keyof typeof sandboxScopes): boolean {
  return granted.includes(needed) || granted.includes('notes:write');
}

export function answerTokenRequest(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  tokens: Tokens,
  client: SandboxClient,
): void {
  const form = new URLSearchParams(body.toString('utf8'));
  if (request.method !== 'POST') return sendFault(response, 405, 'invalid_request', 'Use POST.');
  if (!isClient(request, form, client)) return sendFault(response, 401, 'invalid_client', 'The client id or secret is wrong.');
  if (path === '/oauth/revoke') {
    const content = tokens.read(form.get('token') ?? '', ['access', 'refresh']);
    if (content) tokens.revoke(content);
    response.writeHead(200).end();
    return;
  }
  if (path !== '/oauth/token') return sendFault(response, 404, 'invalid_request', 'There is no such address.');
  if (form.get('grant_type') === 'authorization_code') return redeemCode(response, form, tokens);
  if (form.get('grant_type') === 'refresh_token') return refresh(response, form, tokens);
  sendFault(response, 400, 'unsupported_grant_type', 'Use authorization_code or refresh_token.');
}

function redeemCode(response: ServerResponse, form: URLSearchParams, tokens: Tokens): void {
  const code = tokens.read(form.get('code') ?? '', ['code']);
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  if (!code || code.redirectUri !== form.get('redirect_uri') || code.challenge !== challenge) {
    return sendFault(response, 400, 'invalid_grant', 'The code is unknown, used, expired, or was given for another address or verifier.');
  }
  tokens.spend(code);
  sendTokens(response, tokens, code, `grant-${code.id}`);
}

/** Refresh tokens rotate: each is good once. */
function refresh(response: ServerResponse, form: URLSearchParams, tokens: Tokens): void {
  const token = tokens.read(form.get('refresh_token') ?? '', ['refresh']);
  if (!token) return sendFault(response, 400, 'invalid_grant', 'The refresh token is unknown, used or revoked.');
  tokens.spend(token);
  sendTokens(response, tokens, token, token.grant ?? token.id);
}

function sendTokens(response: ServerResponse, tokens: Tokens, { account, scopes }: TokenContent, grant: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(
    JSON.stringify({
      access_token: tokens.issue({ kind: 'access', account, scopes, grant, expiresAtMs: Date.now() + accessTokenSeconds * 1000 }),
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
      refresh_token: tokens.issue({ kind: 'refresh', account, scopes, grant }),
      scope: scopes.join(' '),
    }),
  );
}

function isClient(request: IncomingMessage, form: URLSearchParams, client: SandboxClient): boolean {
  const basic = /^Basic (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const given =
    basic === undefined ? `${form.get('client_id')}:${form.get('client_secret')}` : Buffer.from(basic, 'base64').toString('utf8');
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(`${client.id}:${client.secret}`));
}

function sendFault(response: ServerResponse, status: number, error: string, description: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ error, error_description: description }));
}
