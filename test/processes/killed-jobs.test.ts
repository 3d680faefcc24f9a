/** The leases of background jobs, of a process that is killed and of one that stops. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openGateway } from '../../src/app/process/gateway.ts';
import { type Job, jobs, startJobs } from '../../src/app/process/jobs.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { Database } from '../../src/core/database/database.ts';
import { createTestDatabase } from '../support/database.ts';
import { type ServerProcess, startProcess } from '../support/process.ts';

const processes: ServerProcess[] = [];
let env: Record<string, string>;
let database: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  const made = await createTestDatabase();
  ({ database, drop } = made);
  env = { SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'), DATABASE_URL: made.url, LOG_LEVEL: 'warn' };
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill()));
  await database.db.deleteFrom('leases').execute();
});
afterAll(() => drop());

const leases = () => database.db.selectFrom('leases').selectAll().orderBy('name').execute();

it('what a process killed by kill -9 left is taken over when its leases run out, and not before', async () => {
  const killed = await startProcess(env);
  processes.push(killed);
  await expect.poll(async () => (await leases()).length, { timeout: 15_000, interval: 100 }).toBe(jobs.length);
  const holders = new Set((await leases()).map(({ holder }) => holder));
  expect(holders.size).toBe(1);
  await killed.kill();
  const ran = new Set<string>();
  const next = jobs.map((job): Job => ({ ...job, everyMs: 200, run: async () => void ran.add(job.name) }));
  const { gateway, close } = await openGateway(readConfig(env));
  const running = startJobs(gateway, next);
  try {
    await delay(700);
    expect([...ran]).toEqual([]);
    gateway.clock.offsetMs = 3_600_000;
    await expect.poll(() => ran.size, { timeout: 15_000 }).toBe(jobs.length);
  } finally {
    await running.stop();
    await close();
  }
}, 40_000);

it('a process that stops gives its leases back', async () => {
  const stopped = await startProcess(env);
  processes.push(stopped);
  await expect.poll(async () => (await leases()).length, { timeout: 15_000, interval: 100 }).toBeGreaterThan(0);
  expect(await stopped.stop()).toBe(0);
  expect(await leases()).toEqual([]);
}, 40_000);
