/** A write that the service refused for its token did nothing, and what comes of the refresh must not make it look as if it had. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;
/** The token that the service takes; what it answers at the token endpoint. */
let good: string;
let tokenAnswer: 'token' | 'invalid_grant' | 'away' | 'broken';
let writes: number;

beforeAll(async () => {
  github = await Upstream.start();
  github.play = (request, response) => {
    const answer = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.target.startsWith('/login')) {
      if (tokenAnswer === 'broken') return void response.destroy();
      if (tokenAnswer === 'away') return answer(503, {});
      if (tokenAnswer === 'invalid_grant') return answer(400, { error: 'invalid_grant' });
      return answer(200, { access_token: good, refresh_token: `r-${good}`, expires_in: 28_800, scope: 'repo' });
    }
    if (request.headers.authorization !== `Bearer ${good}`) return answer(401, {});
    if (request.method === 'POST') writes += 1;
    return answer(request.method === 'POST' ? 201 : 200, { id: 1, login: 'ada' });
  };
  server = await startTestServer({
    env: {
      ...githubSettings(github.origin),
    },
  });
});

afterAll(async () => {
  await server.close();
  await github.close();
});

beforeEach(async () => {
  writes = 0;
  good = 'first';
  tokenAnswer = 'token';
  const started = await server.request('POST', '/v1/connect', { body: { integration: 'github' } });
  const { comeBack } = await openLink(server, started.json.oauth_url);
  expect((await comeBack({ code: 'c' })).status).toBe(200);
  good = 'second';
});

const write = (key?: string) =>
  server.request('POST', '/v1/github/create_issue', {
    body: { params: { repo: 'octo/hello', title: 'x' } },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });

async function lastOutcome() {
  for (let turn = 0; turn < 100; turn += 1) {
    const { db } = server.gateway;
    const row = await db.selectFrom('skillCalls').select(['outcome', 'errorCode']).orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();
    if (row.outcome !== 'started') return row;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The end of the call was not written.');
}

describe.each([
  ['invalid_grant', 401, 'token_expired', 'refused'],
  ['away', 502, 'upstream_unreachable', 'failed'],
  ['broken', 502, 'upstream_unreachable', 'failed'],
] as const)('while the sign-in service answers a refresh as %s', (mode, status, code, outcome) => {
  it(`it is ${code}, written down as ${outcome}, and its idempotency key can be used again`, async () => {
    tokenAnswer = mode;
    const refused = await write(`key-${mode}`);
    expect([refused.status, refused.json.error]).toEqual([status, code]);
    expect(refused.json.message).not.toContain('took effect');
    if (code === 'token_expired') expect(refused.json.action_url).toMatch(/\/dashboard\/integrations\/github$/);
    expect(await lastOutcome()).toEqual({ outcome, errorCode: code });
    expect(writes).toBe(0);

    good = 'first';
    tokenAnswer = 'token';
    await server.gateway.db.updateTable('connections').set({ status: 'connected', statusReason: null }).execute();
    expect((await write(`key-${mode}`)).status).toBe(201);
    expect(writes).toBe(1);
  });
});

it('it is sent once more with the new token, and that one time counts', async () => {
  expect((await write('key-good')).status).toBe(201);
  expect((await write('key-good')).headers.get('idempotent-replayed')).toBe('true');
  expect(writes).toBe(1);
});
