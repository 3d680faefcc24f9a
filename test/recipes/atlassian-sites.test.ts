/** Services that list the sites of a person once there is a credential: one is taken, of several the person chooses. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { endExpiredConsents } from '../../src/domains/connections/consent/end-consents.ts';
import { addUser, signedIn } from '../people/person.ts';
import { openLink, ownerBrowser } from '../support/consent-link.ts';
import { type HardStand, linesOf, placeOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let sites: unknown;
const acme = { id: '1324a887-45db', name: 'acme', url: 'https://acme.atlassian.net' };
const beta = { id: '2324a887-45db', name: 'beta "quoted" <b>', url: 'https://beta.atlassian.net' };
let grants = 0;

beforeAll(async () => {
  stand = await startHardStand('jira', ['api.atlassian.com', 'auth.atlassian.com']);
});
beforeEach(async () => {
  stand.upstream.play = (request, response) => {
    const { target } = request;
    grants += target === '/oauth/token' ? 1 : 0;
    const body =
      target === '/oauth/token'
        ? { access_token: `at-${grants}`, refresh_token: `rt-${grants}`, expires_in: 3600, scope: 'read:jira-work offline_access' }
        : target === '/oauth/token/accessible-resources'
          ? sites
          : target.endsWith('/myself')
            ? { accountId: '5b10', emailAddress: 'ada@acme.example' }
            : { key: 'ABC-1' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  for (const { connection_id: id } of await list()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  sites = [acme, beta];
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const list = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const stateOf = async (id: string) => (await stand.server.request('GET', `/v1/connect/${id}`)).json;
const connect = (credentials: object) => stand.server.request('POST', '/v1/connect', { body: { integration: 'jira', credentials } });
const call = (account?: string) =>
  stand.server.request('POST', '/v1/jira/get_issue', {
    body: { params: { issue: 'ABC-1', fields: ['summary'] }, ...(account ? { account } : {}) },
  });

/** As far as the provider sends the person back. */
async function consent(account?: string) {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'jira', ...(account ? { account } : {}) } });
  const { comeBack } = await openLink(stand.server, started.json.oauth_url);
  return { link: started.json.oauth_url as string, id: started.json.connection_id as string, back: await comeBack({ code: 'c' }) };
}

/** Chooses on the page that the provider's answer led to. */
async function choose(link: string, choice: string) {
  return (await ownerBrowser(stand.server)).press(link, { answer: 'choose', choice });
}

it('of two sites the person chooses one on our page, and a further consent makes an account of the other', async () => {
  const first = await consent();
  expect([first.back.status, first.back.headers.get('location')]).toEqual([302, first.link]);
  expect(await stateOf(first.id)).toEqual({ status: 'pending', integration: 'jira' });
  const page = await (await ownerBrowser(stand.server)).open(first.link);
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('Which one at Jira?')]);
  expect(page.text).toContain('1324a887-45db');
  expect(page.text).toContain('beta \\&quot;quoted\\&quot; &lt;b&gt;');
  expect(page.text).not.toContain('at-');

  expect((await choose(first.link, '0')).text).toContain('is connected');
  expect(await stateOf(first.id)).toMatchObject({ status: 'connected' });
  const second = await consent();
  await choose(second.link, '1');
  expect(await list()).toMatchObject([
    { account: 'ada@acme.example (acme)', variables: { cloud_id: acme.id }, default: true },
    { account: 'ada@acme.example (beta "quoted" <b>)', variables: { cloud_id: beta.id } },
  ]);

  stand.upstream.received.length = 0;
  await call();
  await call('ada@acme.example (beta "quoted" <b>)');
  const [ours, theirs] = stand.upstream.received.map(linesOf);
  expect(ours).toEqual([
    `GET /ex/jira/${acme.id}/rest/api/2/issue/ABC-1?fields=summary`,
    'host: api.atlassian.com',
    'accept-encoding: identity',
    'accept: application/json',
    `authorization: Bearer at-${grants - 1}`,
    'user-agent: skillett',
  ]);
  expect(theirs?.[0]).toBe(`GET /ex/jira/${beta.id}/rest/api/2/issue/ABC-1?fields=summary`);
  expect(theirs).toContain(`authorization: Bearer at-${grants}`);
});

it('one site is taken without asking, and none connects nothing and ends the grant', async () => {
  sites = [acme];
  const one = await consent();
  expect([one.back.status, one.back.text]).toEqual([200, expect.stringContaining('is connected')]);
  expect(await list()).toMatchObject([{ account: 'ada@acme.example', variables: { cloud_id: acme.id } }]);
  await stand.server.request('DELETE', `/v1/connect/${one.id}`);
  for (const none of [[], {}, null, [{ id: 'a/b' }], [{ id: '..' }], [7]]) {
    sites = none;
    stand.upstream.received.length = 0;
    const nothing = await consent();
    expect([nothing.back.status, nothing.back.text]).toEqual([400, expect.stringContaining('The id of your Jira site.')]);
    expect(stand.asked()).toEqual([
      'POST auth.atlassian.com/oauth/token',
      'GET api.atlassian.com/oauth/token/accessible-resources',
      'POST auth.atlassian.com/oauth/revoke',
    ]);
  }
});

it('the site of an account that is connected again by its name is kept, without asking', async () => {
  const first = await consent('work');
  await choose(first.link, '1');
  const again = await consent('work');
  expect([again.back.status, again.back.text]).toEqual([200, expect.stringContaining('was connected before')]);
  expect(await list()).toMatchObject([{ account: 'work', variables: { cloud_id: beta.id } }]);
  // A site that is not there any more is not replaced by another one behind the person's back.
  sites = [acme];
  const gone = await consent('work');
  expect(gone.back.status).toBe(302);
  expect(await list()).toMatchObject([{ account: 'work', variables: { cloud_id: beta.id } }]);
});

it('a choice is the starter’s alone, is one of those that were listed, and is made once', async () => {
  const { link, id } = await consent();
  const other = await signedIn(stand.server, await addUser(stand.server));
  expect((await other.open(link)).status).toBe(404);
  expect((await other.press(link, { answer: 'choose', choice: '0' })).status).toBe(404);
  for (const choice of ['2', '-1', '0.5', '__proto__', '']) expect((await choose(link, choice)).text).toContain('Which one at Jira?');
  // Agreeing once more does not go on to the service while a choice waits.
  expect((await (await ownerBrowser(stand.server)).press(link, { answer: 'agree' })).text).toContain('Which one at Jira?');
  expect(await list()).toEqual([]);
  const answers = await Promise.all(['0', '1', '0', '1'].map((choice) => choose(link, choice)));
  // The later ones meet a choice that is being made, or one that was made.
  expect(answers.filter(({ status, text }) => status === 410 || text.includes('This is done'))).toHaveLength(3);
  expect((await choose(link, '1')).text).toContain('This is done');
  expect(await list()).toHaveLength(1);
  expect(await stateOf(id)).toMatchObject({ status: 'connected' });
});

it.each<[string, (consented: { link: string; id: string }) => Promise<unknown>]>([
  ['declined', async ({ link }) => (await ownerBrowser(stand.server)).press(link, { answer: 'decline' })],
  ['cancelled', ({ id }) => stand.server.request('DELETE', `/v1/connect/${id}`)],
  [
    'left alone until its time is over',
    async ({ id }) => {
      const { db } = stand.server.gateway;
      await db
        .updateTable('consents')
        .set({ expiresAt: new Date(0) })
        .where('id', '=', id)
        .execute();
      await endExpiredConsents(stand.server.gateway);
    },
  ],
])('a choice that is %s connects nothing, and the grant is ended at the service', async (_how, end) => {
  const consented = await consent();
  await end(consented);
  const last = stand.upstream.received.at(-1);
  expect([last && placeOf(last), JSON.parse(String(last?.body)).token]).toEqual(['auth.atlassian.com/oauth/revoke', `rt-${grants}`]);
  expect(await list()).toEqual([]);
  expect((await choose(consented.link, '0')).status).toBeGreaterThanOrEqual(400);
  expect(await list()).toEqual([]);
});

it('a grant that waits for a choice is sealed, and logged nowhere', async () => {
  const { id } = await consent();
  const row = await stand.server.gateway.db.selectFrom('consents').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  expect(row.choices).toEqual([
    { label: 'acme', values: { cloud_id: acme.id } },
    { label: beta.name, values: { cloud_id: beta.id } },
  ]);
  expect(row.sealed).not.toContain(`at-${grants}`);
  expect(stand.server.log.join('')).not.toMatch(new RegExp(`[ar]t-${grants}\\b`));
});

it('who gives a credential is told what there is to choose from, and gives it beside the credential', async () => {
  const client = { client_id: 'service', client_secret: 'the-secret' };
  const asked = await connect(client);
  expect([asked.status, asked.json.details]).toEqual([
    400,
    [{ path: 'credentials.cloud_id', message: `must be one of \`${acme.id}\` ("acme"), \`${beta.id}\` (${JSON.stringify(beta.name)})` }],
  ]);
  expect((await connect({ ...client, cloud_id: '3324a887-45db' })).json.details).toEqual(asked.json.details);
  expect((await connect({ ...client, cloud_id: beta.id })).json).toMatchObject({ status: 'connected' });
  expect(await list()).toMatchObject([{ variables: { cloud_id: beta.id } }]);
});

it('a credential that no list takes is asked for its site, which goes into every address', async () => {
  const basic = { username: 'ada@acme.example', password: 'ATATT-scoped' };
  const missing = await connect(basic);
  expect([missing.status, missing.text]).toEqual([400, expect.stringContaining('_edge/tenant_info')]);
  expect((await connect({ ...basic, cloud_id: '../x' })).status).toBe(400);
  expect(stand.upstream.received).toEqual([]);
  expect((await connect({ ...basic, cloud_id: acme.id })).json).toMatchObject({ status: 'connected' });
  expect((await call()).status).toBe(200);
  expect(stand.asked()).toEqual([
    `GET api.atlassian.com/ex/jira/${acme.id}/rest/api/2/myself`,
    `GET api.atlassian.com/ex/jira/${acme.id}/rest/api/2/issue/ABC-1?fields=summary`,
  ]);
  const written = `Basic ${Buffer.from('ada@acme.example:ATATT-scoped').toString('base64')}`;
  expect(stand.upstream.received.map(({ headers }) => headers.authorization)).toEqual([written, written]);
});

it('each way to connect says what it asks for', async () => {
  const { json } = await stand.server.graphql('{ integration(slug: "jira") { connectMethods { type fields { name required } } } }');
  expect(json.data.integration.connectMethods).toEqual([
    { type: 'OAUTH2', fields: [] },
    {
      type: 'CLIENT_CREDENTIALS',
      fields: [
        { name: 'client_id', required: true },
        { name: 'client_secret', required: true },
        { name: 'cloud_id', required: false },
      ],
    },
    {
      type: 'BASIC',
      fields: [
        { name: 'username', required: true },
        { name: 'password', required: true },
        { name: 'cloud_id', required: true },
      ],
    },
  ]);
});
