import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser, browserEnv } from '../people/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { agree, authorizeUrl, newPerson, newProof, type Person, post, proofOf, read, redirectUri } from './stand.ts';

let site: Server;
let id: string;
let made: Awaited<ReturnType<typeof createTestDatabase>>;
let server: TestServer;
/** On the same database, as another process would be. */
let beside: TestServer;
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
  made = await createTestDatabase();
  const env = { ...browserEnv, SKILLETT_MASTER_KEY: randomBytes(32).toString('base64') };
  server = await startTestServer({ env, allowCallers: [host], databaseUrl: made.url });
  beside = await startTestServer({ env, allowCallers: [host], databaseUrl: made.url });
  person = await newPerson(server);
  id = `https://${host}/0`;
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await Promise.all([server.close(), beside.close()]);
  await made.drop();
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

  it('whose name looks empty is called by its host', async () => {
    answer.body = documentOf({ client_name: '\u3164\u2800' });
    expect((await open()).text).toContain(`<dd>&quot;${new URL(id).host}&quot;</dd>`);
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

  it('that changes is one document to all processes: it is shown anew once, then the answer is taken', async () => {
    const url = urlOf();
    const there = new Browser(beside, undefined, browserEnv.PUBLIC_URL);
    for (const [name, value] of person.browser.cookies) there.cookies.set(name, value);
    const first = await person.browser.open(url);
    answer.body = documentOf({ client_name: 'Renamed' });
    // Kept for five minutes, and good at the other process.
    read(server);
    read(beside);
    expect((await there.open(url)).text).toContain('Documented');
    for (const each of [server, beside]) each.gateway.clock.offsetMs += 301_000;
    const press = (browser: Browser, proof: string) => browser.press(url, { proof, answer: 'agree', reach: 'everything' });
    const changed = await press(there, proofOf(first));
    expect([changed.status, changed.text.includes('Renamed')]).toEqual([409, true]);
    read(server);
    read(beside);
    expect([(await press(person.browser, proofOf(changed))).status, asked]).toEqual([200, 2]);
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
    // That is remembered for half a minute, for this person alone.
    const again = await open();
    expect([again.status, again.text.includes('so nobody can say who it is'), asked]).toEqual([400, true, 1]);
    const other = await newPerson(server);
    expect([(await other.browser.open(urlOf())).status, asked]).toEqual([200, 2]);
    server.gateway.clock.offsetMs += 30_000;
    expect([(await open()).status, asked]).toEqual([200, 3]);
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
