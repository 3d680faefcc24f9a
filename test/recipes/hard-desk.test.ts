/** A service with a site of its own for every company: the person says which, before there is a credential. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { addUser, signedIn } from '../people/person.ts';
import { openLink, ownerBrowser } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
const users: Record<string, unknown> = {
  'acme.desk.example': { user: { id: 7, email: 'ada@acme.example' } },
  'beta.desk.example': { user: { id: 7, email: 'ada@beta.example' } },
};

beforeAll(async () => {
  stand = await startHardStand('desk', ['acme.desk.example', 'beta.desk.example', 'evil.example']);
});
beforeEach(() => {
  stand.upstream.reset();
  stand.upstream.play = ({ target, headers }, response) => {
    const host = (headers.host ?? '').replace(/:\d+$/, '');
    const body = target.startsWith('/oauth/tokens')
      ? { access_token: `at-${host}`, refresh_token: `rt-${host}`, token_type: 'bearer', scope: 'read write' }
      : target.startsWith('/api/v2/users/me')
        ? users[host]
        : { tickets: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
});
afterAll(() => stand.close());

const connect = (body: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'desk', ...body } });
const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const forget = async () => {
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
};

it('a site given beside the token stands in every request of the account, and is shown with it', async () => {
  await forget();
  stand.upstream.received.length = 0;
  const connected = await connect({ credentials: { token: 'tok-1', subdomain: ' acme ' } });
  expect(connected.json).toMatchObject({ status: 'connected' });
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', variables: { subdomain: 'acme', brand: '1' } }]);
  expect((await stand.server.request('POST', '/v1/desk/create_ticket', { body: { params: { subject: 'Broken' } } })).status).toBe(200);
  expect((await stand.server.request('POST', '/v1/desk/list_tickets', { body: {} })).status).toBe(200);
  expect((await stand.server.request('POST', '/v1/desk/list_tickets', { body: { params: { brand: '9' } } })).status).toBe(200);
  expect(stand.upstream.received.map(linesOf)).toEqual([
    [
      'GET /api/v2/users/me?site=acme',
      'host: acme.desk.example',
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Bearer tok-1',
      'user-agent: skillett',
      'x-desk-site: site acme',
    ],
    [
      'POST /api/v2/brands/1/tickets',
      'host: acme.desk.example',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer tok-1',
      'content-length: 69',
      'content-type: application/json',
      'user-agent: skillett',
      'x-desk-site: site acme',
      '{"ticket":{"via":{"channel":"api","site":"acme"},"subject":"Broken"}}',
    ],
    [
      'GET /api/v2/tickets?site=acme&shape=%7Bliteral%7D&brand_id=1',
      'host: acme.desk.example',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer tok-1',
      'user-agent: skillett',
      'x-desk-site: site acme',
    ],
    [
      'GET /api/v2/tickets?site=acme&shape=%7Bliteral%7D&brand_id=9',
      'host: acme.desk.example',
      'accept-encoding: identity',
      'accept: */*',
      'authorization: Bearer tok-1',
      'user-agent: skillett',
      'x-desk-site: site acme',
    ],
  ]);
});

it('a site that is missing, malformed or none of the service is refused with its description, before anything is sent', async () => {
  stand.upstream.received.length = 0;
  const missing = await connect({ credentials: { token: 'tok-1' } });
  expect(missing.json).toMatchObject({
    error: 'bad_request',
    details: [{ path: 'credentials.subdomain', message: expect.stringMatching(/^is missing: The first part of your Desk address/) }],
  });
  for (const subdomain of ['evil.example/', 'acme.desk.example', 'a@evil.example', '..', 'a b', 'x'.repeat(501), 'ä']) {
    const refused = await connect({ credentials: { token: 'tok-1', subdomain } });
    expect([subdomain, refused.status, refused.json.details?.[0].path]).toEqual([subdomain, 400, 'credentials.subdomain']);
  }
  const unknown = await connect({ credentials: { token: 'tok-1', subdomain: 'acme', site: 'x' } });
  expect([unknown.status, unknown.json.message]).toEqual([400, expect.stringContaining('"credentials": {"token": "…", "subdomain": "…"}')]);
  expect(stand.upstream.received).toEqual([]);
});

it('a call sets no variable, and takes a parameter of its own only where the recipe has one', async () => {
  await forget();
  await connect({ credentials: { token: 'tok-1', subdomain: 'acme' } });
  stand.upstream.received.length = 0;
  const refused = await stand.server.request('POST', '/v1/desk/list_tickets', { body: { params: { subdomain: 'beta' } } });
  expect([refused.status, refused.json.message]).toEqual([400, expect.stringContaining('unknown parameter `subdomain`')]);
  expect(stand.upstream.received).toEqual([]);
});

it('the consent, its code and its end go to the site that was given with the start', async () => {
  await forget();
  stand.upstream.received.length = 0;
  const started = await connect({ credentials: { subdomain: 'beta' } });
  expect(started.json).toMatchObject({ oauth_url: expect.any(String) });
  const { url, comeBack } = await openLink(stand.server, started.json.oauth_url);
  expect(url.hostname + url.pathname).toBe('beta.desk.example/oauth/authorizations/new');
  expect((await comeBack({ code: 'c' })).status).toBe(200);
  expect(await list()).toMatchObject([{ account: 'ada@beta.example', variables: { subdomain: 'beta' } }]);
  expect((await stand.server.request('DELETE', `/v1/connect/${started.json.connection_id}`)).headers.get('x-skillett-revoked')).toBe(
    'true',
  );
  expect(stand.asked()).toEqual([
    'POST beta.desk.example/oauth/tokens',
    'GET beta.desk.example/api/v2/users/me?site=beta',
    'POST beta.desk.example/api/v2/oauth/tokens/current',
  ]);
});

it('the page asks for the site where nobody gave it, shows what is wrong with one, and then goes on to the service', async () => {
  await forget();
  const { json } = await connect({});
  const browser = await ownerBrowser(stand.server);
  const page = await browser.open(json.oauth_url);
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('name="credential.subdomain"')]);
  expect(page.text).toContain('The first part of your Desk address');
  const wrong = await browser.press(json.oauth_url, { answer: 'agree', 'credential.subdomain': 'evil.example' });
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('is not as it should be')]);
  const right = await browser.press(json.oauth_url, { answer: 'agree', 'credential.subdomain': 'acme' });
  const url = new URL(/url=([^"]+)"/.exec(right.text)?.[1]?.replaceAll('&amp;', '&') as string);
  expect(url.hostname).toBe('acme.desk.example');
  const state = url.searchParams.get('state') as string;
  expect((await browser.request('GET', `/oauth/callback?${new URLSearchParams({ code: 'c', state })}`)).status).toBe(200);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', variables: { subdomain: 'acme' } }]);
});

it('the same person at two sites is two accounts, and another user’s site is nobody else’s', async () => {
  await forget();
  await connect({ credentials: { token: 'tok-a', subdomain: 'acme' } });
  await connect({ credentials: { token: 'tok-b', subdomain: 'beta' } });
  const other = await signedIn(stand.server, await addUser(stand.server));
  const started = await other.graphql(
    'mutation ($c: JSON) { startConnection(integration: "desk", credentials: $c) { connection { account variables { name value description } } } }',
    { c: { token: 'tok-c', subdomain: 'beta' } },
  );
  expect(started.json.data.startConnection.connection).toMatchObject({
    account: 'ada@beta.example',
    variables: [
      { name: 'subdomain', value: 'beta', description: expect.stringContaining('Desk address') },
      { name: 'brand', value: '1' },
    ],
  });
  expect(await list()).toMatchObject([
    { account: 'ada@acme.example', variables: { subdomain: 'acme' } },
    { account: 'ada@beta.example', variables: { subdomain: 'beta' } },
  ]);
  stand.upstream.received.length = 0;
  const call = (account: string) => stand.server.request('POST', '/v1/desk/list_tickets', { body: { account } });
  await Promise.all([call('ada@acme.example'), call('ada@beta.example')]);
  await other.graphql('{ read(integration: "desk", endpoint: "list_tickets") { ok } }');
  const sent = stand.upstream.received.map(({ headers, target }) => [
    headers.host?.split('.')[0],
    headers.authorization,
    target.includes(`site=${headers.host?.split('.')[0]}&`),
  ]);
  expect(sent.sort()).toEqual([
    ['acme', 'Bearer tok-a', true],
    ['beta', 'Bearer tok-b', true],
    ['beta', 'Bearer tok-c', true],
  ]);
});

it('a new token for an account by its name keeps the site, and a site given with it goes before that', async () => {
  await forget();
  await connect({ account: 'work', credentials: { token: 'tok-1', subdomain: 'acme' } });
  await connect({ account: 'work', credentials: { token: 'tok-2', brand: '5' } });
  expect(await list()).toMatchObject([{ account: 'work', variables: { subdomain: 'acme', brand: '5' } }]);
  const moved = await connect({ account: 'work', credentials: { token: 'tok-3', subdomain: 'beta' } });
  expect([moved.status, moved.json.error]).toEqual([409, 'conflict']);
  expect(await list()).toMatchObject([{ account: 'work', variables: { subdomain: 'acme', brand: '5' } }]);
});

it('an account that lacks a value is told what to do, and one whose value leads elsewhere sends nothing there', async () => {
  await forget();
  await connect({ credentials: { token: 'tok-1', subdomain: 'acme' } });
  stand.upstream.received.length = 0;
  const { db } = stand.server.gateway;
  await db.updateTable('connections').set({ variables: {} }).where('integration', '=', 'desk').execute();
  const lacking = await stand.server.request('POST', '/v1/desk/list_tickets', { body: {} });
  expect([lacking.status, lacking.json.error, lacking.json.message]).toEqual([
    403,
    'integration_not_connected',
    expect.stringContaining('has no value for `subdomain`'),
  ]);
  // As a row would be that an older recipe, or somebody with the database, left.
  for (const subdomain of ['evil.example/', 'evil.example#', 'evil.example:80/', 'x@evil.example/']) {
    await db.updateTable('connections').set({ variables: { subdomain } }).where('integration', '=', 'desk').execute();
    const refused = await stand.server.request('POST', '/v1/desk/list_tickets', { body: {} });
    expect([subdomain, refused.json.error, refused.json.message]).toEqual([
      subdomain,
      'integration_not_connected',
      expect.stringContaining('nothing was sent'),
    ]);
  }
  expect(stand.upstream.received).toEqual([]);
});

it('a narrow key gives no site: the person does, on the page that says who asks', async () => {
  await forget();
  const made = await stand.server.request('POST', '/api-keys', { body: { name: 'narrow', scopes: ['desk:read'] } });
  const authorization = `Bearer ${made.json.full_key}`;
  const ask = (body: object) => stand.server.request('POST', '/v1/connect', { authorization, body: { integration: 'desk', ...body } });
  expect((await ask({ credentials: { subdomain: 'evil' } })).json.error).toBe('forbidden');
  const { json } = await ask({});
  const page = await (await ownerBrowser(stand.server)).open(json.oauth_url);
  expect(page.text).toContain('Asked for by');
  expect(page.text).toContain('name="credential.subdomain"');
});

it('says in the parameters of an endpoint what stands in for one that is left out', async () => {
  const { json } = await stand.server.request('GET', '/v1/skills/desk/list_tickets');
  expect(json.schema.properties.brand.description).toBe('Only those of this brand. Left out, it is the `brand` of the account.');
});

it('what an account may be without is left out with the constants that hold it, and stands in them where it is there', async () => {
  await forget();
  await connect({ credentials: { token: 'tok-1', subdomain: 'acme', agent: 'grace@acme.example' } });
  stand.upstream.received.length = 0;
  await stand.server.request('POST', '/v1/desk/list_tickets', { body: {} });
  await stand.server.request('POST', '/v1/desk/create_ticket', { body: { params: { subject: 'Broken' } } });
  const [listed, created] = stand.upstream.received;
  expect(listed?.target).toBe('/api/v2/tickets?site=acme&shape=%7Bliteral%7D&for=grace%40acme.example&brand_id=1');
  expect([listed?.headers['x-on-behalf-of'], created?.headers['x-on-behalf-of']]).toEqual(['grace@acme.example', 'grace@acme.example']);
  expect(JSON.parse(String(created?.body)).ticket.assignee).toEqual({ email: 'grace@acme.example' });
  expect((await list())[0].variables).toEqual({ subdomain: 'acme', brand: '1', agent: 'grace@acme.example' });

  await forget();
  await connect({ credentials: { token: 'tok-1', subdomain: 'acme' } });
  stand.upstream.received.length = 0;
  await stand.server.request('POST', '/v1/desk/create_ticket', { body: { params: { subject: 'Broken' } } });
  expect(stand.upstream.received[0]?.headers).not.toHaveProperty('x-on-behalf-of');
  expect(String(stand.upstream.received[0]?.body)).not.toContain('assignee');
  expect((await list())[0].variables).toEqual({ subdomain: 'acme', brand: '1' });
});

it('the ways to connect say which values go with them', async () => {
  const { json } = await stand.server.graphql(
    '{ integration(slug: "desk") { connectMethods { type fields { name label required secret } } } }',
  );
  const variables = [
    { name: 'subdomain', label: 'Subdomain', required: true, secret: false },
    { name: 'brand', label: 'Brand', required: false, secret: false },
    { name: 'agent', label: 'Agent', required: false, secret: false },
  ];
  expect(json.data.integration.connectMethods).toEqual([
    { type: 'OAUTH2', fields: variables },
    { type: 'BEARER', fields: [{ name: 'token', label: 'Token', required: true, secret: true }, ...variables] },
    {
      type: 'BASIC',
      fields: [
        { name: 'username', label: 'E-mail address', required: true, secret: false },
        { name: 'password', label: 'API token', required: true, secret: true },
        ...variables,
      ],
    },
  ]);
});
