/** A list whose entries say where each account lives: one choice gives all of it, and no entry leads elsewhere. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';

let stand: HardStand;
let accounts: unknown[];

beforeAll(async () => {
  stand = await startHardStand('docusign', ['account.docusign.com', 'na3.docusign.net', 'eu.docusign.net', 'evil.example']);
  stand.upstream.play = ({ target }, response) => {
    const body =
      target === '/oauth/token'
        ? { access_token: 'at-1' }
        : target === '/oauth/userinfo'
          ? { accounts }
          : { sub: 's', email: 'ada@acme.example' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
});
afterAll(() => stand.close());

const account = (id: string, host: string) => ({ account_id: id, account_name: `Account ${id}`, base_uri: `https://${host}` });

async function consent() {
  const started = await stand.server.request('POST', '/v1/connect', { body: { integration: 'docusign' } });
  return (await openLink(stand.server, started.json.oauth_url)).comeBack({ code: 'c' });
}

it('an entry that leads to no host of the service is no choice, and nothing is sent there', async () => {
  accounts = [account('1', 'evil.example'), account('2', 'na3.docusign.net.evil.example'), account('3', 'evil.example/.docusign.net')];
  expect((await consent()).status).toBe(400);
  accounts = [...accounts, account('4', 'eu.docusign.net')];
  expect((await consent()).status).toBe(200);
  expect((await stand.server.request('POST', '/v1/docusign/list_envelopes', { body: {} })).status).toBe(200);
  const lines = stand.upstream.received.map(linesOf);
  expect(new Set(lines.map(([, host]) => host))).toEqual(new Set(['host: account.docusign.com', 'host: eu.docusign.net']));
  // The list was asked for before anything could stand in the header that names the account.
  expect(lines.find(([line]) => line === 'GET /oauth/userinfo')?.filter((line) => line.startsWith('x-account'))).toEqual([]);
  expect(lines.at(-1)).toEqual([
    'GET /restapi/v2.1/accounts/4/envelopes',
    'host: eu.docusign.net',
    'accept-encoding: identity',
    'accept: */*',
    'authorization: Bearer at-1',
    'user-agent: skillett',
    'x-account: 4',
  ]);
});
