import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addUser } from '../admission/people.ts';
import { tally } from '../support/tally.ts';
import { Installation } from './installation.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';

/** How long the database is away; a longer one can be asked for, to look at what grows meanwhile. */
const awayMs = Number(process.env.TEST_DATABASE_AWAY_MS ?? 3_000);

let postgres: OwnPostgres;
let installation: Installation;

beforeAll(async () => {
  postgres = await startOwnPostgres();
  installation = await Installation.start({ on: postgres });
});
afterAll(async () => {
  await installation?.close();
  await postgres?.remove();
});

interface Seen {
  what: 'call' | 'list' | 'graphql' | 'mcp';
  startedMs: number;
  endedMs: number;
  status: number;
  code: string | undefined;
  retryAfter: string | null;
}

it(
  'with the database stopped every answer is 503 at once, and all goes on without a restart when it is back',
  async () => {
    const { upstream } = installation;
    const userId = await addUser(postgres.database);
    const key = await installation.keyOf(userId);
    upstream.json('{"ok":true}');
    const seen: Seen[] = [];
    let stop = false;
    const client = async (number: number) => {
      const at = number % 2;
      for (let turn = 0; !stop; turn += 1) {
        const what = (['list', 'graphql', 'mcp'] as const)[number] ?? 'call';
        const startedMs = performance.now();
        const answer = await (what === 'list'
          ? installation.request(at, key, 'GET', '/v1/skills')
          : what === 'graphql'
            ? installation.graphql(at, key, '{ viewer { plan { name } } }')
            : what === 'mcp'
              ? installation.request(at, key, 'POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' })
              : installation.call(at, key, 'list_things', { q: `${number}-${turn}` }));
        const code = answer.json.error ?? answer.json.errors?.[0]?.extensions.code;
        const retryAfter = answer.headers.get('retry-after');
        seen.push({ what, startedMs, endedMs: performance.now(), status: answer.status, code, retryAfter });
        await delay(what === 'call' ? 15 : 60);
      }
    };
    const clients = Array.from({ length: 16 }, (_, number) => client(number));
    // Each has been answered at either process: a first answer takes longer.
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(64);
    const stoppedMs = performance.now();
    await postgres.stop();
    const goneMs = performance.now();
    const ready = await Promise.all(installation.processes.map(({ url }) => fetch(`${url}/readyz`).then(({ status }) => status)));
    await delay(awayMs);
    const backMs = performance.now();
    await postgres.start();
    const upMs = performance.now();
    await delay(2_500);
    stop = true;
    await Promise.all(clients);

    const between = (fromMs: number, toMs: number) => seen.filter(({ startedMs, endedMs }) => startedMs >= fromMs && endedMs <= toMs);
    expect(ready).toEqual([503, 503]);
    // Before: all well. While it is away: nothing but 503. After: all well again within two seconds.
    expect(tally(between(0, stoppedMs).map(({ status }) => status))).toEqual({ 200: expect.any(Number) });
    const away = between(goneMs, backMs);
    expect(new Set(away.map(({ what }) => what))).toEqual(new Set(['call', 'list', 'graphql', 'mcp']));
    expect(away.length).toBeGreaterThan(100);
    for (const one of seen.filter(({ status }) => status !== 200))
      expect(one).toMatchObject({ status: 503, code: 'unavailable', retryAfter: expect.stringMatching(/^\d+$/) });
    expect(away.filter(({ status }) => status !== 503)).toEqual([]);
    expect(Math.max(...seen.map(({ startedMs, endedMs }) => endedMs - startedMs))).toBeLessThan(4_000);
    const after = between(upMs + 2_000, Number.POSITIVE_INFINITY);
    expect(after.length).toBeGreaterThan(20);
    expect(after.filter(({ status }) => status !== 200)).toEqual([]);
    expect(installation.processes.map(({ child }) => child.exitCode)).toEqual([null, null]);

    // Fails closed, and nothing is forgotten: what reached the service has its row, and every call that was answered its end.
    const rows = await postgres.database.db.selectFrom('skillCalls').select(['id', 'outcome']).where('userId', '=', userId).execute();
    const answered = seen.filter(({ what, status }) => what === 'call' && status === 200).length;
    expect(rows.length).toBeGreaterThanOrEqual(upstream.received.length);
    expect(upstream.received.length).toBe(answered);
    await expect
      .poll(
        async () =>
          (
            await postgres.database.db
              .selectFrom('skillCalls')
              .select('id')
              .where('userId', '=', userId)
              .where('outcome', '=', 'succeeded')
              .execute()
          ).length,
        { timeout: 5_000 },
      )
      .toBe(answered);
  },
  30_000 + awayMs,
);

it('a database that takes no writes counts as away: nothing is called, and calls go on when it takes them again', async () => {
  const key = await installation.newKey();
  installation.upstream.json('{"ok":true}');
  const ask = () => Promise.all([installation.call(0, key, 'list_things'), installation.request(1, key, 'GET', '/v1/skills')]);
  const takeWrites = async (taken: boolean) => {
    // As after a change of servers: whoever connects from now on meets the other one.
    await sql`alter role postgres set default_transaction_read_only = ${sql.lit(taken ? 'off' : 'on')}`.execute(postgres.database.db);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'skillett' and pid <> pg_backend_pid()`.execute(
      postgres.database.db,
    );
  };
  expect((await ask()).map(({ status }) => status)).toEqual([200, 200]);
  const before = installation.upstream.received.length;
  await takeWrites(false);
  for (const { status, headers, json } of await ask()) {
    expect([status, json.error]).toEqual([503, 'unavailable']);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
  }
  expect(installation.upstream.received).toHaveLength(before);
  await takeWrites(true);
  // A process may not have heard yet that its connection was ended.
  await expect.poll(async () => (await ask()).map(({ status }) => status), { timeout: 5_000 }).toEqual([200, 200]);
});

it('an answer that comes while the database restarts is kept all the same, and so is that another was lost', async () => {
  const key = await installation.newKey();
  const { upstream } = installation;
  const repeat = (idempotencyKey: string, endpoint: string) =>
    installation.call(0, key, endpoint, { title: idempotencyKey }, { 'idempotency-key': idempotencyKey });
  let arrived = 0;
  const bothArrived = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  upstream.play = async ({ target }, response) => {
    arrived += 1;
    if (arrived === 2) bothArrived.resolve();
    await goOn.promise;
    if (target === '/things/quick') response.destroy();
    else response.setHeader('content-type', 'application/json').end('{"made":1}');
  };
  const first = [repeat('kept', 'create_thing'), repeat('lost', 'create_quickly')] as const;
  await bothArrived.promise;
  await postgres.stop();
  goOn.resolve();
  await delay(200);
  await postgres.start();
  expect((await Promise.all(first)).map(({ status, json }) => [status, json.error])).toEqual([
    [200, undefined],
    [409, 'outcome_unknown'],
  ]);
  const replayed = await repeat('kept', 'create_thing');
  expect([replayed.status, replayed.headers.get('idempotent-replayed'), replayed.json.data]).toEqual([200, 'true', { made: 1 }]);
  // Whoever asks again before it could be written down hears that it is still under way.
  const repeated = async () => {
    const { status, json } = await repeat('lost', 'create_quickly');
    return [status, json.error];
  };
  await expect.poll(repeated, { timeout: 60_000 }).toEqual([409, 'outcome_unknown']);
});
