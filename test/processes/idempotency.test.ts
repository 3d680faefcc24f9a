import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Clock } from '../../src/core/clock.ts';
import { createLog } from '../../src/core/log.ts';
import { sweepCalls } from '../../src/domains/audit/settle.ts';
import { settleClaims } from '../../src/domains/executions/settle-claims.ts';
import { buildCatalogue } from '../../src/domains/recipes/catalogue.ts';
import { addUser } from '../admission/people.ts';
import { Engine } from '../executions/engine.ts';
import { makeIntegration } from '../executions/integration.ts';
import { tally } from '../support/tally.ts';
import { eventually } from '../support/upstream.ts';
import { type Answer, Installation } from './installation.ts';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(() => installation.close());
beforeEach(() => installation.upstream.reset());

const received = () => installation.upstream.received;

function create(
  at: number,
  key: string,
  idempotencyKey: string,
  params: object = { title: 'x' },
  endpoint = 'create_thing',
): Promise<Answer> {
  return installation.call(at, key, endpoint, params, { 'idempotency-key': idempotencyKey });
}

it('of 50 concurrent calls to two processes one runs; the others are told so, and then get its answer', async () => {
  const key = await installation.newKey();
  installation.upstream.play = async (_request, response) => {
    await delay(300);
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":12345678901234567890}');
  };
  const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => create(at % 2, key, 'race')));
  expect(received()).toHaveLength(1);
  const ran = answers.filter(({ status, headers }) => status === 201 && !headers.has('idempotent-replayed'));
  expect(ran).toHaveLength(1);
  for (const answer of answers) {
    if (answer === ran[0]) continue;
    if (answer.status === 201) expect(answer.headers.get('idempotent-replayed')).toBe('true');
    else {
      expect([answer.status, answer.json.error]).toEqual([409, 'idempotency_in_progress']);
      expect(answer.json.message).toContain('is still running');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  }
  expect(tally(answers.map(({ status }) => status))[409]).toBeGreaterThan(20);
  for (const at of [0, 1]) {
    const { status, headers, json } = await create(at, key, 'race');
    expect([status, json]).toEqual([201, ran[0]?.json]);
    expect(headers.get('idempotent-replayed')).toBe('true');
  }
  expect(received()).toHaveLength(1);
});

it('a failure of the service is given again by the other process, as the failure it was', async () => {
  const key = await installation.newKey();
  installation.upstream.json('{"message":"no"}', 422);
  const first = await create(0, key, 'failed');
  installation.upstream.json('{"id":1}');
  const second = await create(1, key, 'failed');
  expect([second.status, second.json]).toEqual([422, { status: 422, error: { message: 'no' } }]);
  expect(second.json).toEqual(first.json);
  for (const { headers } of [first, second]) expect(headers.get('x-skillett-error-source')).toBe('upstream');
  expect([first.headers.get('idempotent-replayed'), second.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
  expect(received()).toHaveLength(1);
});

it('other parameters under a used key are 422 on the other process, over both doors', async () => {
  const key = await installation.newKey();
  expect((await create(0, key, 'mismatch')).status).toBe(200);
  const other = await create(1, key, 'mismatch', { title: 'y' });
  expect([other.status, other.json.error]).toEqual([422, 'idempotency_mismatch']);
  const execute = (title: string) =>
    `mutation { execute(integration: "desk", endpoint: "create_thing", params: { title: "${title}" }, idempotencyKey: "mismatch") { replayed status } }`;
  const { json } = await installation.graphql(1, key, execute('y'));
  expect(json.errors[0].extensions.code).toBe('idempotency_mismatch');
  expect((await installation.graphql(1, key, execute('x'))).json.data.execute).toEqual({ replayed: true, status: 200 });
  expect(received()).toHaveLength(1);
});

it('a refusal before sending frees the key', async () => {
  const key = await installation.newKey();
  expect((await create(0, key, 'refused', { title: 7 })).json.error).toBe('bad_request');
  expect((await create(0, key, 'refused', { titel: 'x' })).json.error).toBe('bad_request');
  expect(received()).toHaveLength(0);
  const { status, headers } = await create(1, key, 'refused');
  expect([status, headers.get('idempotent-replayed')]).toEqual([200, null]);
  expect(received()).toHaveLength(1);
});

it('a refusal by a limit leaves the key free too', async () => {
  const userId = await addUser(installation.database, { limits: { perDay: 0 } });
  const key = await installation.keyOf(userId);
  expect((await create(0, key, 'limited')).json.error).toBe('daily_limit_reached');
  await installation.database.db.updateTable('users').set({ limits: null }).where('id', '=', userId).execute();
  expect((await create(1, key, 'limited')).status).toBe(200);
  expect(received()).toHaveLength(1);
});

it('belongs to the API key that used it, not to the user', async () => {
  const userId = await addUser(installation.database);
  const keys = [await installation.keyOf(userId), await installation.keyOf(userId)] as [string, string];
  await create(0, keys[0], 'own');
  const other = await create(0, keys[1], 'own', { title: 'y' });
  expect([other.status, other.headers.get('idempotent-replayed')]).toEqual([200, null]);
  expect(received()).toHaveLength(2);
  for (const key of keys)
    expect((await create(1, key, 'own', { title: key === keys[0] ? 'x' : 'y' })).headers.get('idempotent-replayed')).toBe('true');
  expect(received()).toHaveLength(2);
});

it('a timeout after sending is outcome_unknown and says how to find out; it is never sent again', async () => {
  const key = await installation.newKey();
  installation.upstream.play = () => {};
  const first = await create(0, key, 'lost', {}, 'create_quickly');
  const again = [await create(1, key, 'lost', {}, 'create_quickly'), await create(0, key, 'lost', {}, 'create_quickly')];
  for (const { status, json } of [first, ...again]) {
    expect([status, json.error]).toEqual([409, 'outcome_unknown']);
    expect(json.message).toMatch(/may or may not have taken effect/);
    expect(json.message).toMatch(
      /Look in .* for what it should have done; only when that is not there, call again with a new idempotency key/,
    );
  }
  expect(received()).toHaveLength(1);
});

it('without an idempotency key a timeout of a write says that it may have taken effect, and is sent once', async () => {
  const key = await installation.newKey();
  installation.upstream.play = () => {};
  const { status, json } = await installation.call(0, key, 'create_quickly');
  expect([status, json.error]).toEqual([504, 'upstream_timeout']);
  expect(json.message).toContain('look whether it took effect before repeating it');
  expect(received()).toHaveLength(1);
});

it('kill -9 between sending and writing down: a write is never sent again but outcome_unknown once it must have ended, a read is free then', async () => {
  const key = await installation.newKey();
  installation.upstream.play = () => {};
  const read = (at: number) => create(at, key, 'killed-read', {}, 'list_things');
  const lost = [create(0, key, 'killed'), read(0)].map((call) => call.catch(() => 'connection lost'));
  await eventually(() => received().length === 2, 'the calls reach the service');
  await installation.processes[0]?.kill();
  expect(await Promise.all(lost)).toEqual(['connection lost', 'connection lost']);
  installation.processes[0] = await installation.startProcess();
  installation.processes.pop();

  for (const at of [0, 1]) {
    expect((await create(at, key, 'killed')).json.error).toBe('idempotency_in_progress');
    expect((await read(at)).json.error).toBe('idempotency_in_progress');
  }
  // What the background jobs do minutes later, on whichever process.
  const clock = new Clock();
  const endpoints = { list_things: {}, create_thing: { method: 'POST' } };
  const catalogue = buildCatalogue([makeIntegration('http://127.0.0.1', endpoints, { slug: 'desk' })]);
  const { database } = installation;
  const parts = { database, db: database.db, clock, config: { callRetentionDays: 90 } as never, log: createLog('silent'), catalogue };
  clock.offsetMs = 200_000;
  expect(await settleClaims(parts)).toEqual({ lost: 0, freed: 0, deleted: 0 });
  clock.offsetMs = 241_000;
  expect(await settleClaims(parts)).toEqual({ lost: 1, freed: 1, deleted: 0 });
  await sweepCalls(parts);
  for (const at of [0, 1]) {
    const { status, json } = await create(at, key, 'killed');
    expect([status, json.error]).toEqual([409, 'outcome_unknown']);
  }
  installation.upstream.json('{"things":[]}');
  const freed = [await read(1), await read(0)];
  expect(freed.map(({ status, headers }) => [status, headers.get('idempotent-replayed')])).toEqual([
    [200, null],
    [200, 'true'],
  ]);
  const row = await installation.database.db
    .selectFrom('skillCalls')
    .select(['outcome', 'completedAt'])
    .where('keyId', '=', key)
    .orderBy('id')
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ outcome: 'unknown', completedAt: expect.any(Date) });
  expect(received().filter(({ method }) => method === 'POST')).toHaveLength(1);
  expect(received()).toHaveLength(3);
}, 40_000);

it('keeps answers of up to 1 MiB, and of longer ones the status, which the replay says', async () => {
  const key = await installation.newKey();
  installation.upstream.json(JSON.stringify('x'.repeat(1024 * 1024)), 201);
  expect((await create(0, key, 'long')).json.data).toHaveLength(1024 * 1024);
  const { status, headers, json } = await create(1, key, 'long');
  expect([status, headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  expect(json).toEqual({ status: 201, data: expect.stringContaining('longer than 1 MiB, so only its status was kept') });
  expect(received()).toHaveLength(1);
});

it('lapses 24 hours after its answer', async () => {
  const engine = await Engine.start((origin) => [makeIntegration(origin, { create: { method: 'POST' } })]);
  try {
    const call = { endpoint: 'create', idempotencyKey: 'day' };
    const { clock } = engine.gateway;
    await engine.execute(call);
    clock.offsetMs = 24 * 3_600_000 - 10_000;
    expect(await engine.execute(call)).toMatchObject({ replayed: true });
    clock.offsetMs = 24 * 3_600_000 + 10_000;
    expect(await engine.execute({ ...call, params: undefined })).toMatchObject({ replayed: false });
    expect(engine.upstream.received).toHaveLength(2);
    expect(await engine.execute(call)).toMatchObject({ replayed: true });
  } finally {
    await engine.close();
  }
});
