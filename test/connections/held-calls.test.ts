/** While a provider takes its time, no transaction is open and no database connection is held: everybody else goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenedLink, openLink } from '../support/consent-link.ts';
import { githubSettings } from '../support/github-settings.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
import { eventually, type ReceivedRequest, Upstream } from '../support/upstream.ts';

/** More than the pool has connections. */
const callers = 12;

describe.each(['postgres', 'pglite'] as const)('on %s', (kind) => {
  let server: TestServer;
  let github: Upstream;
  /** Which requests wait, and what lets them go. */
  let isSlow: (request: ReceivedRequest) => boolean;
  let held: (() => void)[];
  let tokens = 0;

  beforeAll(async () => {
    isSlow = () => false;
    held = [];
    github = await Upstream.start();
    github.play = async (request, response) => {
      if (isSlow(request)) await new Promise<void>((resolve) => held.push(resolve));
      if (request.target === '/token') tokens += 1;
      const id = Number(/t-(\d+)/.exec(request.headers.authorization ?? '')?.[1] ?? 0);
      const body =
        request.target === '/token'
          ? { access_token: `t-${tokens}`, refresh_token: `rt-${tokens}`, expires_in: 3600, scope: 'repo' }
          : { id, login: `account-${id}` };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    server = await startTestServer({
      kind,
      env: {
        ...githubSettings(github.origin, '/token'),
      },
    });
  });

  afterAll(async () => {
    await server.close();
    await github.close();
  });

  const each = (make: (at: number) => Promise<TestAnswer>) => Promise.all(Array.from({ length: callers }, (_, at) => make(at)));
  const listed = async () =>
    (
      (await server.request('GET', '/v1/connect')).json.connections as { connection_id: string; account: string; integration: string }[]
    ).filter(({ integration }) => integration === 'github');

  const listBusy = () =>
    server.gateway.database.statement(
      'busy',
      "select state, query from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()",
      [],
    );

  /** Runs what makes slow requests; looks at the database while all of them wait. */
  async function whileHeld(slow: typeof isSlow, make: (at: number) => Promise<TestAnswer>): Promise<TestAnswer[]> {
    isSlow = slow;
    const answers = each(make);
    await eventually(() => held.length === callers, 'every caller waits for the provider');
    expect((await server.request('GET', '/v1/connect')).status).toBe(200);
    // What an earlier call left to be written down may still be under way.
    if (kind === 'postgres') await expect.poll(listBusy, { timeout: 10_000 }).toEqual([]);
    isSlow = () => false;
    for (const go of held.splice(0)) go();
    return answers;
  }

  it('a code, an account, a refresh and a revocation are asked for without the database', async () => {
    const started = await each(() => server.request('POST', '/v1/connect', { body: { integration: 'github' } }));
    const opened = await Promise.all(started.map(({ json }) => openLink(server, json.oauth_url)));
    let waits = 0;
    // Once at the token endpoint, half of them; the other half where the account is asked for.
    const pages = await whileHeld(
      ({ target }) => (target === '/token' ? ++waits <= callers / 2 : target === '/user'),
      async (at) => (opened[at] as OpenedLink).comeBack({ code: 'c' }),
    );
    expect(pages.map(({ status }) => status)).toEqual(Array(callers).fill(200));
    const connections = await listed();
    expect(connections).toHaveLength(callers);

    await server.gateway.db
      .updateTable('connections')
      .set({ accessExpiresAt: new Date(0) })
      .execute();
    const calls = await whileHeld(
      ({ target }) => target === '/token',
      (at) =>
        server.request('POST', '/v1/github/get_label', {
          body: { params: { repo: 'octo/hello', name: 'bug' }, account: connections[at]?.account },
        }),
    );
    expect(calls.map(({ status }) => status)).toEqual(Array(callers).fill(200));

    const pasted = await whileHeld(
      ({ target }) => target === '/user',
      (at) => server.request('POST', '/v1/connect', { body: { integration: 'github', credentials: { token: `t-${at + 100}` } } }),
    );
    expect(pasted.map(({ json }) => json.status)).toEqual(Array(callers).fill('connected'));

    const removed = await whileHeld(
      ({ method }) => method === 'DELETE',
      (at) => server.request('DELETE', `/v1/connect/${connections[at]?.connection_id}`),
    );
    expect(removed.map(({ headers }) => headers.get('x-skillett-revoked'))).toEqual(Array(callers).fill('true'));
    expect(await listed()).toHaveLength(callers);
  });
});
