import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type OpenGateway, openGateway } from '../../src/app/process/gateway.ts';
import { type Job, jobs, type RunningJobs, startJobs } from '../../src/app/process/jobs.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { Gateway } from '../../src/core/context.ts';
import type { Database } from '../../src/core/database/database.ts';
import { createLog } from '../../src/core/log.ts';
import { settleClaims } from '../../src/domains/executions/settle-claims.ts';
import { dropOldCounters } from '../../src/domains/limits/old-counters.ts';
import { createTestDatabase } from '../support/database.ts';

const env = { SKILLETT_MASTER_KEY: randomBytes(32).toString('base64') };
const opened: OpenGateway[] = [];
const running: RunningJobs[] = [];
const log: string[] = [];
let database: Database;
let url: string;
let drop: () => Promise<void>;
let first: Gateway;
let second: Gateway;

async function open(): Promise<Gateway> {
  const config = readConfig({ ...env, DATABASE_URL: url });
  const one = await openGateway(config, { log: createLog('trace', { write: (line) => void log.push(line) }) });
  opened.push(one);
  return one.gateway;
}

beforeAll(async () => {
  ({ database, url, drop } = await createTestDatabase());
  first = await open();
  second = await open();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  for (const gateway of [first, second]) gateway.clock.offsetMs = 0;
  await database.db.deleteFrom('leases').execute();
});
afterAll(async () => {
  for (const one of opened) await one.close();
  await drop();
});

interface Turn {
  job: string;
  holder: string;
  startMs: number;
  endMs: number;
}

/** The real jobs, often, and how they ran. */
function watch(turns: Turn[], holder: string, everyMs: number): Job[] {
  return jobs.map((job) => ({
    ...job,
    everyMs,
    run: async (gateway) => {
      const turn = { job: job.name, holder, startMs: performance.now(), endMs: Number.POSITIVE_INFINITY };
      turns.push(turn);
      await job.run(gateway);
      await delay(30);
      turn.endMs = performance.now();
    },
  }));
}

function start(gateway: Gateway, only: readonly Job[], holder: string): RunningJobs {
  const one = startJobs(gateway, only, holder);
  running.push(one);
  return one;
}

it('of two processes one runs each job, at a time and in an interval', async () => {
  const everyMs = 600;
  const turns: Turn[] = [];
  start(first, watch(turns, 'first', everyMs), 'first');
  start(second, watch(turns, 'second', everyMs), 'second');
  await delay(2_000);
  await Promise.all(running.splice(0).map((one) => one.stop()));
  for (const { name } of jobs) {
    const own = turns.filter((turn) => turn.job === name).sort((a, b) => a.startMs - b.startMs);
    expect(own.length, name).toBeGreaterThanOrEqual(2);
    expect(own.length, name).toBeLessThanOrEqual(4);
    for (const [at, turn] of own.slice(1).entries()) {
      expect(turn.startMs, name).toBeGreaterThan((own[at] as Turn).endMs);
      // A process that stands back does not run it before it is due.
      if (turn.holder !== own[at]?.holder) expect(turn.startMs - (own[at] as Turn).endMs, name).toBeGreaterThan(everyMs * 0.85);
    }
  }
  expect(log.filter((line) => JSON.parse(line).level >= 40)).toEqual([]);
});

it('a job that fails is logged and tried again, by whichever process comes first', async () => {
  log.length = 0;
  let runs = 0;
  const failing: Job = {
    name: 'failing',
    everyMs: 100,
    run: async () => {
      runs += 1;
      if (runs < 3) throw new Error('the third time is fine');
    },
  };
  start(first, [failing], 'first');
  await expect.poll(() => runs).toBeGreaterThanOrEqual(3);
  const lines = log.map((line) => JSON.parse(line)).filter(({ job }) => job === 'failing');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ level: 50, job: 'failing', msg: 'a background job failed and is tried again' });
});

it('connections that nobody uses are left alone where the installation says so', async () => {
  const job = jobs.find(({ name }) => name === 'refresh_idle') as Job;
  let looked = 0;
  const spied = (idleRefresh: boolean) =>
    ({
      ...first,
      config: { ...first.config, idleRefresh },
      catalogue: {
        get integrations() {
          looked += 1;
          return [];
        },
      },
    }) as unknown as Gateway;
  await job.run(spied(false));
  expect(looked).toBe(0);
  await job.run(spied(true));
  expect(looked).toBe(1);
  expect(readConfig({ SKILLETT_IDLE_REFRESH: 'false' }).idleRefresh).toBe(false);
  expect(readConfig({}).idleRefresh).toBe(true);
});

it('counts beyond their windows go; those of keys and of what is still open stay', async () => {
  const { db } = database;
  const ago = (interval: string) => sql<Date>`now() - ${sql.lit(interval)}::interval`;
  await db
    .insertInto('guardedHits')
    .values([
      { identity: 'old', hits: [1], granted: true, expiresAt: ago('1 second') },
      { identity: 'open', hits: [1], granted: true, expiresAt: ago('-1 hour') },
    ])
    .execute();
  await db
    .insertInto('minuteCounters')
    .values([
      { holderId: 'sess_old', minute: ago('25 hours'), lastUsedAt: ago('25 hours') },
      { holderId: 'sess_new', minute: ago('23 hours'), lastUsedAt: ago('23 hours') },
      { holderId: 'key_old', minute: ago('400 days'), lastUsedAt: ago('400 days') },
    ])
    .execute();
  expect(await dropOldCounters(first)).toEqual({ hits: 1, counters: 1 });
  expect(await db.selectFrom('guardedHits').select('identity').execute()).toEqual([{ identity: 'open' }]);
  const kept = await db.selectFrom('minuteCounters').select('holderId').orderBy('holderId').execute();
  expect(kept.map(({ holderId }) => holderId)).toEqual(['key_old', 'sess_new']);
});

it('idempotency keys go a day after their answer; those whose call died become unknown', async () => {
  const claim = (key: string, state: 'running' | 'done', createdHours: number, expiresHours: number) => ({
    holderId: 'key_1',
    key,
    fingerprint: Buffer.from('x'),
    callId: `call_${key}`,
    state,
    answer: null,
    upstreamStatus: null,
    createdAt: sql<Date>`now() + ${createdHours} * interval '1 hour'`,
    expiresAt: sql<Date>`now() + ${expiresHours} * interval '1 hour'`,
  });
  await database.db
    .insertInto('idempotencyClaims')
    .values([
      claim('expired', 'done', -25, -0.001),
      claim('kept', 'done', -23, 0.5),
      claim('died', 'running', -0.08, 23),
      claim('runs', 'running', -0.03, 23),
    ])
    .execute();
  expect(await settleClaims(first)).toEqual({ lost: 1, freed: 0, deleted: 1 });
  expect(await database.db.selectFrom('idempotencyClaims').select(['key', 'state']).orderBy('key').execute()).toEqual([
    { key: 'died', state: 'unknown' },
    { key: 'kept', state: 'done' },
    { key: 'runs', state: 'running' },
  ]);
});
