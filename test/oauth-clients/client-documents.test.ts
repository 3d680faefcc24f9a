import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserEnv } from '../people/browser.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { agree, authorizeUrl, newPerson, newProof, type Person, post, proofOf, redirectUri } from './stand.ts';

let site: Server;
let id: string;
let server: TestServer;
let person: Person;
let asked = 0;
let answer: { status?: number; headers?: Record<string, string>; body: string };

const documentOf = (more: object = {}) =>
  JSON.stringify({ client_id: id, client_name: 'Documented', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', ...more });

/** Other files of this thread want them as they were. */
const trusted = getCACertificates();

beforeAll(async () => {
  setDefaultCACertificates([...trusted, selfSigned.cert]);
  site = createServer(selfSigned, (_request, response) => {
    asked += 1;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
  });
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve));
  const host = `localhost:${(site.address() as AddressInfo).port}`;
  server = await startTestServer({ env: browserEnv, allowCallers: [host] });
  person = await newPerson(server);
  id = `https://${host}/0`;
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await server.close();
  site.closeAllConnections();
  site.close();
});

let documents = 0;
beforeEach(() => {
  // Each test has a document of its own, so none finds what another one left.
  documents += 1;
  id = id.replace(/\d+$/, String(documents));
  asked = 0;
  answer = { body: documentOf() };
});

const urlOf = (clientId = id) => authorizeUrl({ client_id: clientId, code_challenge: newProof().challenge });
const open = (clientId?: string) => person.browser.open(urlOf(clientId));

describe('a client with a metadata document', () => {
  it('is let in without registering, and shown by the host of its document', async () => {
    const { challenge, verifier } = newProof();
    const url = authorizeUrl({ client_id: id, code_challenge: challenge });
    const page = await person.browser.open(url);
    expect(page.text).toContain('&quot;Documented&quot;');
    expect(page.text).toContain(`<strong class="host">${new URL(id).host}</strong>`);
    const code = (await agree(server, person.browser, url)).searchParams.get('code') as string;
    const form = { grant_type: 'authorization_code', code, client_id: id, redirect_uri: redirectUri, code_verifier: verifier };
    expect((await post(server, 'token', form)).status).toBe(200);
    const { json } = await person.browser.graphql('{ apiKeys { nodes { name kind } } }');
    expect(json.data.apiKeys.nodes).toEqual([{ name: 'Documented', kind: 'OAUTH' }]);
  });

  it('is fetched again when the document says so, and never for somebody who is not signed in', async () => {
    await fetch(`${server.url}${urlOf().slice(browserEnv.PUBLIC_URL.length)}`, { redirect: 'manual' });
    expect(asked).toBe(0);
    answer.headers = { 'cache-control': 'max-age=60' };
    await open();
    await open();
    expect(asked).toBe(1);
    server.gateway.clock.offsetMs += 61_000;
    await open();
    server.gateway.clock.offsetMs -= 61_000;
    expect(asked).toBe(2);
  });

  it('that changes between the page and the answer is shown anew', async () => {
    answer.headers = { 'cache-control': 'no-store' };
    const url = urlOf();
    const page = await person.browser.open(url);
    answer.body = documentOf({ client_name: 'Somebody else' });
    const changed = await person.browser.press(url, { proof: proofOf(page), answer: 'agree', reach: 'everything' });
    expect([changed.status, changed.text.includes('Somebody else'), changed.text.includes('code=')]).toEqual([409, true, false]);
    answer.body = documentOf({ redirect_uris: ['https://evil.example/'] });
    expect((await person.browser.press(url, { proof: proofOf(page), answer: 'agree', reach: 'everything' })).status).toBe(400);
  });

  it.each([
    ['is of another client', () => ({ body: documentOf({ client_id: 'https://other.example/client' }) })],
    ['holds a secret', () => ({ body: documentOf({ client_secret: 'x' }) })],
    ['asks for a way to prove itself that is not there', () => ({ body: documentOf({ token_endpoint_auth_method: 'private_key_jwt' }) })],
    ['has no redirect addresses', () => ({ body: documentOf({ redirect_uris: [] }) })],
    ['has an address that runs script', () => ({ body: documentOf({ redirect_uris: [redirectUri, 'javascript:alert(1)'] }) })],
    ['is no JSON', () => ({ body: '<html>' })],
    ['is longer than 64 KiB', () => ({ body: documentOf({ filler: 'x'.repeat(70_000) }) })],
    ['is missing', () => ({ status: 404, body: documentOf() })],
    ['is somewhere else', () => ({ status: 302, headers: { location: `${id}0` }, body: '' })],
  ])('whose document %s does not come in', async (_what, wrong) => {
    answer = wrong();
    const page = await open();
    expect([page.status, page.text.includes('proof')]).toEqual([400, false]);
    expect(asked).toBe(1);
    answer = { body: documentOf() };
    expect((await open()).status).toBe(200);
  });
});

describe('the address of a document', () => {
  it.each([
    'https://127.0.0.1/client',
    'https://10.0.0.1/client',
    'https://169.254.169.254/latest',
    'https://[::1]/client',
    'https://localhost/client',
  ])('in a private network is not asked: %s', async (address) => {
    const page = await open(address);
    expect(page.status).toBe(400);
    expect(page.text).toContain('cannot be fetched');
  });

  it.each([
    'http://client.example/client',
    'https://client.example/',
    'https://client.example',
    'https://client.example/a#b',
    'https://a:b@client.example/client',
    'https://client.example/a/../client',
    'file:///etc/passwd',
  ])('is https with a path, as it is asked for: not %s', async (address) => {
    const page = await open(address);
    expect(page.status).toBe(400);
    expect(page.text).toContain('client_id');
  });
});
