/** DocuSign: a list whose entries say where each account lives. One choice gives all of it, and no entry leads elsewhere. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let accounts: unknown[];
let grants = 0;
let token: { status: number; body: object };
let answer: { status: number; body: object | Buffer; headers?: Record<string, string> };

const hosts = [
  'account.docusign.com',
  'account-d.docusign.com',
  'na3.docusign.net',
  'eu.docusign.net',
  'demo.docusign.net',
  'evil.example',
];

beforeAll(async () => {
  stand = await startHardStand('docusign', hosts);
});
beforeEach(async () => {
  for (const { connection_id: id } of await connections()) await stand.server.request('DELETE', `/v1/connect/${id}`);
  stand.server.gateway.clock.offsetMs = 0;
  grants = 0;
  token = { status: 200, body: {} };
  answer = { status: 200, body: { envelopes: [] } };
  stand.upstream.play = ({ target }, response) => {
    grants += target === '/oauth/token' ? 1 : 0;
    const given = { access_token: `at-${grants}`, refresh_token: `rt-${grants}`, token_type: 'Bearer', expires_in: 28800, ...token.body };
    const { status, body, headers } =
      target === '/oauth/token'
        ? { status: token.status, body: token.status === 200 ? given : token.body, headers: {} }
        : target === '/oauth/userinfo'
          ? { status: 200, body: { sub: 's', email: 'ada@acme.example', accounts }, headers: {} }
          : /\/accounts\/[\w-]+$/.test(target)
            ? { status: 200, body: { accountIdGuid: `g-${target.split('/').at(-1)}`, accountName: 'Acme' }, headers: {} }
            : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
  };
  stand.upstream.received.length = 0;
});
afterAll(() => stand.close());

const account = (id: string, host: string) => ({ account_id: id, account_name: `Account ${id}`, base_uri: `https://${host}` });
const connections = async () => (await stand.server.request('GET', '/v1/connect')).json.connections;
const call = (endpoint: string, params: object) => stand.server.request('POST', `/v1/docusign/${endpoint}`, { body: { params } });

async function consent(credentials?: object) {
  const started = await stand.server.request('POST', '/v1/connect', {
    body: { integration: 'docusign', ...(credentials ? { credentials } : {}) },
  });
  return (await openLink(stand.server, started.json.oauth_url)).comeBack({ code: 'c' });
}

it('an entry that leads to no host of the service is no choice, and nothing is sent there', async () => {
  accounts = [account('1', 'evil.example'), account('2', 'na3.docusign.net.evil.example'), account('3', 'evil.example/.docusign.net')];
  expect((await consent()).status).toBe(400);
  accounts = [...accounts, account('4', 'eu.docusign.net')];
  expect((await consent()).status).toBe(200);
  expect((await call('list_envelopes', { from_date: '2026-01-01', status: 'sent,delivered', count: 2 })).status).toBe(200);
  const lines = stand.upstream.received.map(linesOf);
  expect(new Set(lines.map(([, host]) => host))).toEqual(new Set(['host: account.docusign.com', 'host: eu.docusign.net']));
  const [exchange] = lines;
  expect(exchange).toContain(`authorization: Basic ${Buffer.from('the-client:secret').toString('base64')}`);
  expect(lines.at(-1)).toEqual([
    'GET /restapi/v2.1/accounts/4/envelopes?from_date=2026-01-01&status=sent%2Cdelivered&include=recipients&count=2',
    'host: eu.docusign.net',
    'accept-encoding: identity',
    'accept: application/json',
    'authorization: Bearer at-2',
    'user-agent: skillett',
  ]);
});

it('the developer environment has a page to sign in of its own, and accounts of its own', async () => {
  accounts = [account('7', 'demo.docusign.net')];
  expect((await consent({ login: 'account-d.docusign.com' })).status).toBe(200);
  expect(stand.asked()).toEqual([
    'POST account-d.docusign.com/oauth/token',
    'GET account-d.docusign.com/oauth/userinfo',
    'GET demo.docusign.net/restapi/v2.1/accounts/7',
  ]);
  const body = { integration: 'docusign', credentials: { login: 'account-d.docusign.com.evil.example' } };
  expect((await stand.server.request('POST', '/v1/connect', { body })).json.details).toMatchObject([{ path: 'credentials.login' }]);
});

it('an envelope is written as it is given, taken back with its reason, and its document comes as bytes', async () => {
  accounts = [account('4', 'eu.docusign.net')];
  await consent();
  stand.upstream.received.length = 0;
  const documents = [{ documentId: '1', name: 'Lease', htmlDefinition: { source: '<p>/sig1/</p>' } }];
  const tabs = { signHereTabs: [{ anchorString: '/sig1/', anchorUnits: 'pixels' }] };
  const recipients = { signers: [{ email: 'ada@acme.example', name: 'Ada', recipientId: '1', routingOrder: '1', tabs }] };
  answer = { status: 201, body: { envelopeId: 'e1', status: 'created' } };
  expect((await call('create_envelope', { subject: 'Sign', documents, recipients })).status).toBe(201);
  expect((await call('void_envelope', { envelope_id: 'e1', reason: 'Later' })).status).toBe(201);
  const pdf = Buffer.from('%PDF-1.7 \xff', 'latin1');
  answer = { status: 200, body: pdf, headers: { 'content-type': 'application/pdf' } };
  const got = await stand.server.request('POST', '/v1/docusign/download_document', {
    body: { params: { envelope_id: 'e1', document_id: 'combined' } },
  });
  expect([got.status, JSON.stringify(got.json)]).toEqual([200, expect.stringContaining(pdf.toString('base64'))]);
  expect(
    stand.upstream.received.map(({ method, target, body }) => [method, target.slice('/restapi/v2.1/accounts/4'.length), `${body}`]),
  ).toEqual([
    ['POST', '/envelopes', JSON.stringify({ emailSubject: 'Sign', documents, recipients, status: 'created' })],
    ['PUT', '/envelopes/e1', '{"status":"voided","voidedReason":"Later"}'],
    ['GET', '/envelopes/e1/documents/combined', ''],
  ]);
});

it('a token is renewed with the newest refresh token, until DocuSign knows it no more', async () => {
  accounts = [account('4', 'eu.docusign.net')];
  await consent();
  const nineHours = 9 * 3_600_000;
  for (const count of [1, 2]) {
    stand.upstream.received.length = 0;
    stand.server.gateway.clock.offsetMs = count * nineHours;
    expect((await call('list_templates', {})).status).toBe(200);
    const [renewal] = stand.upstream.received;
    expect(Object.fromEntries(new URLSearchParams(renewal?.body.toString()))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: `rt-${count}`,
    });
  }
  token = { status: 400, body: { error: 'invalid_grant' } };
  stand.server.gateway.clock.offsetMs = 3 * nineHours;
  const ended = await call('list_templates', {});
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);
});

it('a 400 that means too many calls is waited for where that is short, and any other is not asked again', async () => {
  accounts = [account('4', 'eu.docusign.net')];
  await consent();
  const play = stand.upstream.play;
  for (const [errorCode, requests, status] of [
    ['BURST_APIINVOCATION_LIMIT_EXCEEDED', 2, 200],
    ['INVALID_REQUEST_PARAMETER', 1, 400],
  ] as const) {
    stand.upstream.received.length = 0;
    stand.upstream.play = (request, response, incoming) => {
      if (stand.upstream.received.length > 1) return play(request, response, incoming);
      response.writeHead(400, { 'content-type': 'application/json', 'x-ratelimit-remaining': '120' });
      response.end(JSON.stringify({ errorCode, message: 'No' }));
    };
    expect([(await call('list_templates', {})).status, stand.upstream.received.length], errorCode).toEqual([status, requests]);
  }
});
