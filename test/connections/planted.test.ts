/** Planted secrets, from connect to disconnect through the doors: nowhere in the database, the log, the metrics or an answer. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let server: TestServer;
let github: Upstream;
/** Token answers so far; each plants tokens of its own. */
let tokens = 0;
let tokenAnswer: 'tokens' | 'invalid_grant' | 'broken';
/** Access tokens that the service takes. */
let good: Set<string>;
/** Everything that was answered, with its headers. */
const answers: string[] = [];

beforeAll(async () => {
  github = await Upstream.start();
  tokenAnswer = 'tokens';
  good = new Set(['planted-pasted']);
  github.play = (request, response) => {
    const answer = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.target.startsWith('/login')) {
      if (tokenAnswer === 'broken') return void response.destroy();
      if (tokenAnswer === 'invalid_grant')
        return answer(400, { error: 'invalid_grant', error_description: `planted-rt-${tokens} was used` });
      tokens += 1;
      good.add(`planted-at-${tokens}`);
      return answer(200, {
        access_token: `planted-at-${tokens}`,
        refresh_token: `planted-rt-${tokens}`,
        expires_in: 28_800,
        scope: 'repo',
      });
    }
    if (request.method === 'DELETE' && request.target.startsWith('/applications')) return void response.writeHead(204).end();
    const token = /^(?:Bearer|token) (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    return good.has(token)
      ? answer(200, { id: token.includes('pasted') ? 2 : 1, login: token.includes('pasted') ? 'bob' : 'ada' })
      : answer(401, {});
  };
  server = await startTestServer({
    env: { SKILLETT_GITHUB_BASE_URL: github.origin, SKILLETT_GITHUB_TOKEN_URL: `${github.origin}/login/oauth/access_token` },
  });
  await server.gateway.db
    .updateTable('apiKeys')
    .set({ scopes: ['*', 'operator'] })
    .execute();
});

afterAll(async () => {
  await server.close();
  await github.close();
});

type Options = Parameters<TestServer['request']>[2];

async function request(method: string, path: string, options?: Options) {
  const answer = await server.request(method, path, options);
  answers.push(`${method} ${path} ${answer.status} ${JSON.stringify([...answer.headers])} ${answer.text}`);
  return answer;
}

const graphql = (query: string, variables: Record<string, unknown> = {}) => request('POST', '/graphql', { body: { query, variables } });

/** Every row of every table as PostgreSQL writes it, and the bytes of binary columns as text too. */
async function dump(): Promise<string> {
  const { db } = server.gateway;
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  const rows = await Promise.all(
    tables.map(({ name }) => sql<{ row: string }>`select t::text as row from ${sql.table(name)} t`.execute(db)),
  );
  const text = rows.flatMap((result) => result.rows.map(({ row }) => row)).join('\n');
  const bytes = [...text.matchAll(/\\\\x([0-9a-f]+)|\\x([0-9a-f]+)/g)].map((match) =>
    Buffer.from(match[1] ?? match[2] ?? '', 'hex').toString('latin1'),
  );
  return `${text}\n${bytes.join('\n')}`;
}

const label = { params: { repo: 'octo/hello', name: 'bug' } };

it('from consent to revocation no planted secret is found where it does not belong', async () => {
  await graphql(
    'mutation ($s: String!) { setOAuthClient(integration: "github", clientId: "the-client", clientSecret: $s) { integration } }',
    {
      s: 'planted-client-secret',
    },
  );
  const started = await request('POST', '/v1/connect', { body: { integration: 'github' } });
  const { state, comeBack } = await openLink(server, started.json.oauth_url);
  const pending = await dump();
  const page = await comeBack({ code: 'planted-code' });
  answers.push(page.text);
  expect(page.text).toContain('The account &quot;ada&quot; can be used');
  const sent = new URLSearchParams(github.received.at(-2)?.body.toString());
  const verifier = sent.get('code_verifier') as string;
  expect([sent.get('code'), sent.get('client_secret'), verifier.length]).toEqual(['planted-code', 'planted-client-secret', 43]);

  expect((await request('POST', '/v1/github/get_label', { body: label })).json).toEqual({ status: 200, data: { id: 1, login: 'ada' } });
  good.delete('planted-at-1');
  const read = 'query ($params: JSON) { read(integration: "github", endpoint: "get_label", params: $params) { status } }';
  expect((await graphql(read, label)).json.data.read.status).toBe(200);
  expect(tokens).toBe(2);

  const pasted = await request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: 'planted-pasted' } } });
  expect(pasted.status).toBe(200);
  for (const credentials of [{ token: 'planted-wrong' }, { api_key: 'planted-form' }, { token: ['planted-list'] }, 'planted-text'])
    expect((await request('POST', '/v1/connect', { body: { integration: 'github', credentials } })).status).toBe(400);
  const write = { body: { ...label, account: 'bob' }, headers: { 'idempotency-key': 'once' } };
  expect((await request('POST', '/v1/github/get_label', write)).status).toBe(200);
  expect((await request('POST', '/v1/github/get_label', write)).headers.get('idempotent-replayed')).toBe('true');

  await server.gateway.db
    .updateTable('connections')
    .set({ accessExpiresAt: new Date(0), refreshedAt: null })
    .where('account', '=', 'ada')
    .execute();
  tokenAnswer = 'broken';
  expect((await request('POST', '/v1/github/get_label', { body: { ...label, account: 'ada' } })).status).toBe(502);
  tokenAnswer = 'invalid_grant';
  const ended = await request('POST', '/v1/github/get_label', { body: { ...label, account: 'ada' } });
  expect([ended.status, ended.json.error]).toEqual([401, 'token_expired']);

  await graphql(
    '{ connections { nodes { id account reconnectReason providerScopes } } calls { nodes { id errorCode } } auditRows { nodes { action details } } }',
  );
  await request('GET', '/v1/connect');
  const held = await dump();
  expect(held).toContain('connection.reconnect_needed');
  const removed = await request('DELETE', `/v1/connect/${started.json.connection_id}`);
  expect([removed.status, removed.headers.get('x-skillett-revoked')]).toEqual([204, 'true']);
  const metrics = await request('GET', '/metrics');
  expect(metrics.text).toContain('skillett_executions_total{integration="github"');

  const logged = server.log.join('\n');
  expect(logged).toContain('"level":20');
  const kept = [pending, held, await dump(), logged].join('\n');
  for (const secret of ['planted', verifier, state]) expect(kept).not.toContain(secret);
  for (const secret of ['planted', server.key, Buffer.from('planted').toString('base64').slice(0, 9)])
    expect(answers.join('\n').replaceAll(/GET \/oauth\/callback\?\S+/g, '')).not.toContain(secret);
  // It would be found: in a text, and in bytes.
  await server.gateway.db
    .insertInto('settings')
    .values({ name: 'in-text', value: 'planted-here' as never })
    .execute();
  expect(await dump()).toContain('planted-here');
  await server.gateway.db
    .updateTable('apiKeys')
    .set({ keyHash: Buffer.from('planted-and-32-bytes-long-as-is!') })
    .execute();
  expect(await dump()).toContain('planted-and-32-bytes-long-as-is!');
});
