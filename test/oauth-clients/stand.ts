/** Clients that know only `/mcp/oauth`, and a person in front of the page of consent. */
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { type Stand, startStand } from '../mcp/stand.ts';
import { type Browser, type BrowserAnswer, browserEnv } from '../people/browser.ts';
import { addUser, signedIn } from '../people/person.ts';
import type { TestAnswer, TestServer } from '../support/server.ts';

export const publicUrl = browserEnv.PUBLIC_URL;
export const resource = `${publicUrl}/mcp/oauth`;
export const redirectUri = 'https://client.example/callback';

/** A server whose PUBLIC_URL is another address than the one it listens on, as behind a proxy. */
export function startOAuthStand(env: Record<string, string> = {}): Promise<Stand> {
  return startStand({ ...browserEnv, ...env });
}

/** What a client sends to PUBLIC_URL arrives at the test's server. */
export function fetchOf(server: Pick<TestServer, 'url'>): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return (input, init) => {
    if (input instanceof Request) return fetch(new Request(input.url.replace(publicUrl, server.url), input), init);
    return fetch(String(input).replace(publicUrl, server.url), init);
  };
}

export function newProof() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

let addresses = 0;

/** Each from an address of its own, far from the others, since registrations are counted by both. */
export async function register(server: TestServer, metadata: object = {}, address?: string): Promise<TestAnswer> {
  addresses += 1;
  const headers = { 'x-forwarded-for': address ?? `10.${addresses >> 8}.${addresses & 255}.1` };
  const body = { client_name: 'Client of a test', redirect_uris: [redirectUri], ...metadata };
  return server.request('POST', '/mcp/oauth/register', { authorization: null, headers, body });
}

export async function newClient(server: TestServer, metadata: object = {}): Promise<string> {
  const { status, json } = await register(server, metadata);
  expect(status).toBe(201);
  return json.client_id;
}

export function authorizeUrl(query: Record<string, string | undefined>): string {
  const all = { response_type: 'code', redirect_uri: redirectUri, code_challenge_method: 'S256', state: 's', resource, ...query };
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `${resource}/authorize?${new URLSearchParams(given)}`;
}

const plainText = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

export function proofOf(page: BrowserAnswer): string {
  return /name="proof" value="([0-9a-f]+)"/.exec(page.text)?.[1] ?? '';
}

/** Where the page leads on to. */
export function wayBack(page: BrowserAnswer): URL {
  const href = /<a href="([^"]+)"/.exec(page.text)?.[1];
  if (href === undefined) throw new Error(page.text);
  return new URL(plainText(href));
}

/** As long as a person takes to read the page. */
export function read(server: TestServer): void {
  server.gateway.clock.offsetMs += 1_000;
}

/** Opens the page, reads it and presses the button; `more` stands in the form too. */
export async function agree(
  server: TestServer,
  browser: Browser,
  url: string,
  more: Record<string, string> = { reach: 'everything' },
): Promise<URL> {
  const page = await browser.open(url);
  expect(page.status, page.text).toBe(200);
  read(server);
  const done = await browser.press(url, { proof: proofOf(page), answer: 'agree', ...more });
  expect(done.status, done.text).toBe(200);
  return wayBack(done);
}

export interface Person {
  userId: string;
  browser: Browser;
}

export async function newPerson(server: TestServer): Promise<Person> {
  const userId = await addUser(server);
  return { userId, browser: await signedIn(server, userId) };
}

export function post(server: TestServer, path: string, form: Record<string, string>): Promise<TestAnswer> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return server.request('POST', `/mcp/oauth/${path}`, { authorization: null, headers, body: new URLSearchParams(form).toString() });
}

export interface Granted {
  clientId: string;
  code: string;
  verifier: string;
  form: Record<string, string>;
}

/** A code, and the form that redeems it. */
export async function newCode(server: TestServer, { browser }: Person, more?: Record<string, string>): Promise<Granted> {
  const clientId = await newClient(server);
  const { verifier, challenge } = newProof();
  const back = await agree(server, browser, authorizeUrl({ client_id: clientId, code_challenge: challenge }), more);
  const code = back.searchParams.get('code') as string;
  const form = {
    grant_type: 'authorization_code',
    code,
    client_id: clientId,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    resource,
  };
  return { clientId, code, verifier, form };
}

export interface Tokens {
  clientId: string;
  accessToken: string;
  refreshToken: string;
}

export async function newTokens(server: TestServer, person: Person, more?: Record<string, string>): Promise<Tokens> {
  const { form, clientId } = await newCode(server, person, more);
  const { status, json } = await post(server, 'token', form);
  expect(status, JSON.stringify(json)).toBe(200);
  return { clientId, accessToken: json.access_token, refreshToken: json.refresh_token };
}

export function refresh(server: TestServer, { clientId, refreshToken }: Tokens): Promise<TestAnswer> {
  return post(server, 'token', { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId });
}

/** The status of one MCP message with this key. */
export async function pingWith(server: TestServer, accessToken: string, path = '/mcp/oauth'): Promise<number> {
  const body = { jsonrpc: '2.0', id: 1, method: 'ping' };
  return (await server.request('POST', path, { authorization: `Bearer ${accessToken}`, body })).status;
}
