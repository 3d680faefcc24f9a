/** A server whose database does not answer in time: its clients are told to come back, and nothing is lost. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { tally } from '../support/tally.ts';
import { Installation } from './installation.ts';

/** A busy machine takes its time. */
const within = { timeout: 60_000 };

it('a locked call log slows a server down and then makes it answer 503; its memory stays bounded, and no row is lost', async () => {
  const installation = await Installation.start({ processes: 1 });
  const locker = new pg.Client({ connectionString: installation.databaseUrl });
  await locker.connect();
  try {
    const caller = await installation.newKey({ limits: { perMinute: null } });
    installation.upstream.json(JSON.stringify('x'.repeat(50_000)));
    const statuses: number[] = [];
    let stop = false;
    const clients = Array.from({ length: 64 }, async () => {
      while (!stop) {
        const { status, headers } = await installation.call(0, caller, 'list_things');
        statuses.push(status);
        if (status === 503) expect(headers.get('retry-after')).toMatch(/^\d+$/);
      }
    });
    await expect.poll(() => statuses.length, within).toBeGreaterThan(64);
    const before = statuses.length;
    await locker.query('begin');
    await locker.query('lock table skill_calls in access exclusive mode');
    const memory = await residentBytes(installation.processes[0]?.child.pid as number);
    await expect.poll(() => tally(statuses.slice(before))[503] ?? 0, within).toBeGreaterThan(64);
    const grown = (await residentBytes(installation.processes[0]?.child.pid as number)) - memory;
    await locker.query('rollback');
    const released = statuses.length;
    await expect.poll(() => tally(statuses.slice(released + 64))[200] ?? 0, within).toBeGreaterThan(50);
    stop = true;
    await Promise.all(clients);
    expect(tally(statuses.slice(0, before))).toEqual({ 200: before });
    expect(grown).toBeLessThan(100 * 1024 * 1024);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));

    const ok = statuses.filter((status) => status === 200).length;
    expect(installation.upstream.received).toHaveLength(ok);
    const { db } = installation.database;
    await expect
      .poll(async () => {
        const rows = await db.selectFrom('skillCalls').select('outcome').execute();
        return { ...tally(rows.map(({ outcome }) => outcome)), failed: undefined };
      }, within)
      .toEqual({ succeeded: ok });
  } finally {
    await locker.end();
    await installation.close();
  }
});

it('who asks for anything else waits ten seconds at most for a database that does not answer, and is then told to come back', async () => {
  const installation = await Installation.start({ processes: 1 });
  const locker = new pg.Client({ connectionString: installation.databaseUrl });
  await locker.connect();
  try {
    const caller = await installation.newKey();
    const ask = () =>
      Promise.all([
        installation.request(0, caller, 'GET', '/v1/skills'),
        installation.request(0, caller, 'GET', '/api-keys'),
        installation.graphql(0, caller, '{ viewer { plan { name } } }'),
      ]);
    expect((await ask()).map(({ status }) => status)).toEqual([200, 200, 200]);
    await locker.query('begin');
    await locker.query('lock table users in access exclusive mode');
    const startedMs = performance.now();
    const away = await ask();
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(away.map(({ status, json }) => [status, json.error ?? json.errors[0].extensions.code])).toEqual([
      [503, 'unavailable'],
      [503, 'unavailable'],
      [503, 'unavailable'],
    ]);
    for (const { headers } of away) expect(headers.get('retry-after')).toMatch(/^\d+$/);
    await locker.query('rollback');
    expect((await ask()).map(({ status }) => status)).toEqual([200, 200, 200]);
  } finally {
    await locker.end();
    await installation.close();
  }
});

async function residentBytes(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
