import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Clock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { sweepCalls } from '../../src/domains/audit/settle.ts';
import { addUser } from '../admission/people.ts';
import { tally } from '../support/tally.ts';
import { Installation } from './installation.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(() => installation.close());

it('kill -9 under load loses no row of a call that a service has seen, and the sweep ends those that say started', async () => {
  const { database, upstream } = installation;
  const userId = await addUser(database);
  // Each call has a key of its own, by which its row is found.
  const keys: string[] = [];
  for (let count = 0; count < 600; count += 1) keys.push(await installation.keyOf(userId));
  upstream.play = async (_request, response) => {
    await delay(20);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  };
  let answered = 0;
  const answeredByOther: string[] = [];
  const waiting = [...keys];
  const clients = Array.from({ length: 48 }, async (_, at) => {
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      // The process that stays takes a sixth of the load.
      const process = at % 6 === 0 ? 1 : 0;
      const { status } = await installation.call(process, key, 'list_things', { q: key }).catch(() => ({ status: 0 }));
      if (status === 200) answered += 1;
      if (status === 200 && process === 1) answeredByOther.push(key);
    }
  });
  while (answered < 150) await delay(5);
  await installation.processes[0]?.kill();
  await Promise.all(clients);

  // The other process writes its ends a moment later, and PostgreSQL finishes a statement whose client has gone.
  const { db } = database;
  const unwritten = db.selectFrom('skillCalls').select('id').where('keyId', 'in', answeredByOther).where('outcome', '=', 'started');
  await expect.poll(() => unwritten.execute()).toEqual([]);
  await delay(300);

  const seen = new Set(upstream.received.map(({ target }) => new URL(target, upstream.origin).searchParams.get('q') as string));
  const rows = await db.selectFrom('skillCalls').select(['keyId', 'outcome', 'completedAt']).where('userId', '=', userId).execute();
  const rowOf = new Map(rows.map((row) => [row.keyId as string, row]));
  expect(seen.size).toBeGreaterThan(150);
  expect(seen.size).toBeLessThan(600);
  expect([...seen].filter((key) => !rowOf.has(key))).toEqual([]);
  const started = rows.filter(({ outcome }) => outcome === 'started');
  expect(started.length).toBeGreaterThan(0);
  expect(started.every(({ completedAt }) => completedAt === null)).toBe(true);
  expect(tally(rows.map(({ outcome }) => outcome)).succeeded).toBeGreaterThan(50);

  const clock = new Clock();
  clock.offsetMs = 241_000;
  const swept = await sweepCalls({
    database: installation.database,
    db,
    clock,
    config: { callRetentionDays: 90 } as never,
    log: createLog('silent'),
  });
  expect(swept.lost).toBe(started.length);
  const after = await db.selectFrom('skillCalls').select(['keyId', 'outcome', 'completedAt']).where('userId', '=', userId).execute();
  expect(after).toHaveLength(rows.length);
  expect(after.filter(({ completedAt }) => completedAt === null)).toEqual([]);
  for (const { keyId } of started) expect(after.find((row) => row.keyId === keyId)?.outcome).toBe('unknown');
  expect(tally(after.map(({ outcome }) => outcome))).toEqual({
    ...tally(rows.map(({ outcome }) => outcome)),
    started: undefined,
    unknown: started.length,
  });

  // Whoever looks sees them, and the hourly counts know them.
  const viewer = await installation.keyOf(userId);
  const { json } = await installation.graphql(
    1,
    viewer,
    '{ calls(outcome: UNKNOWN, first: 1) { totalCount nodes { outcome completedAt } } }',
  );
  expect(json.data.calls).toEqual({ totalCount: started.length, nodes: [{ outcome: 'UNKNOWN', completedAt: expect.any(String) }] });
}, 40_000);
