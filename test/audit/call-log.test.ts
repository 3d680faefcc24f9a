/** The call log: what a row says, what a page and a count of it hold, and what goes. One file, since all of it reads what the same stand called. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newTimeOrderedId } from '../../src/core/ids.ts';
import { sweepCalls } from '../../src/domains/audit/settle.ts';
import { addKey, addUser } from '../admission/people.ts';
import { baseUrls, writeRecipes } from '../support/desk-recipes.ts';
import { makeFolder } from '../support/folder.ts';
import { roomInMinute } from '../support/minute.ts';
import { type RequestOptions, startTestServer, type TestAnswer, type TestServer } from '../support/server.ts';
import { tally } from '../support/tally.ts';
import { Upstream } from '../support/upstream.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  folder = await makeFolder();
  await writeRecipes(folder.folder);
  upstream = await Upstream.start();
  server = await startTestServer({ env: { SKILLETT_RECIPES: folder.folder, ...baseUrls(upstream.origin) } });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
  await folder.remove();
});
beforeEach(() => {
  upstream.reset();
  upstream.json('{"things":[]}');
});

/** A key of a new user, as it is sent. */
async function newKey(user: Parameters<typeof addUser>[1] = {}, scopes?: string[]): Promise<string> {
  return (await addKey(server.gateway.database, await addUser(server.gateway.database, user), scopes ? { scopes } : {})).id;
}

const as = (key: string, more: RequestOptions = {}): RequestOptions => ({ authorization: `Bearer ${key}`, ...more });

const call = (key: string, endpoint: string, body: object = {}, headers: Record<string, string> = {}): Promise<TestAnswer> =>
  server.request('POST', `/v1/${endpoint}`, as(key, { body, headers }));

async function log(key: string, args = '', fields = 'integration endpoint door outcome errorCode upstreamStatus') {
  const { json } = await server.graphql(
    `{ calls${args === '' ? '' : `(${args})`} { totalCount nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`,
    undefined,
    as(key),
  );
  if (json.errors) throw new Error(JSON.stringify(json.errors));
  return json.data.calls;
}

/** As only a fault in our own code could write it; nothing of it stays. */
async function writeRow(table: string, words: { outcome?: string; door?: string }): Promise<void> {
  const { outcome = 'refused', door = 'rest' } = words;
  const id = newTimeOrderedId('call', 0);
  const row =
    table === 'skill_calls'
      ? sql`insert into skill_calls (id, user_id, integration, endpoint, door, parameter_names, outcome, request_id, started_at, completed_at)
          values (${id}, ${id}, 'none', 'none', ${door}, '{}', ${outcome}, 'req_1', now(), now())`
      : sql`insert into call_hours (user_id, hour, integration, endpoint, key_id, connection_id, door, outcome, calls)
          values (${id}, now(), 'none', 'none', '', '', ${door}, ${outcome}, 1)`;
  const kept = new Error('nothing of it is kept');
  await server.gateway.db
    .transaction()
    .execute(async (trx) => {
      await row.execute(trx);
      throw kept;
    })
    .catch((error) => {
      if (error !== kept) throw error;
    });
}

/** Until no row of the log says started. */
async function settled(): Promise<void> {
  await expect
    .poll(async () => server.gateway.db.selectFrom('skillCalls').select('id').where('outcome', '=', 'started').execute())
    .toEqual([]);
}

describe('a row', () => {
  it.each([
    ['skill_calls', 'outcome', 'CallOutcome'],
    ['skill_calls', 'door', 'CallDoor'],
    ['call_hours', 'outcome', 'CallOutcome'],
    ['call_hours', 'door', 'CallDoor'],
  ])('of %s takes as %s every word of %s, and no other', async (table, column, type) => {
    const { json } = await server.graphql(`{ __type(name: "${type}") { enumValues { name } } }`);
    const words: string[] = json.data.__type.enumValues.map(({ name }: { name: string }) => name.toLowerCase());
    // A call that has not ended is in the log, and not counted yet.
    const counted = words.filter((word) => table === 'skill_calls' || word !== 'started');
    for (const word of counted) await expect(writeRow(table, { [column]: word })).resolves.toBeUndefined();
    for (const word of ['lost', ...words.filter((word) => !counted.includes(word))]) {
      await expect(writeRow(table, { [column]: word })).rejects.toMatchObject({ code: '23514' });
    }
  });

  it('is there for every call that passed authentication, however it ended, with its door', async () => {
    const userId = await addUser(server.gateway.database, { limits: { perMinute: 6 } });
    const key = (await addKey(server.gateway.database, userId, { scopes: ['desk', 'safe'] })).id;
    await roomInMinute(5_000, server.gateway.clock);
    await call(key, 'desk/list_things', { params: { q: 'x' } });
    await server.graphql('{ read(integration: "desk", endpoint: "list_things") { status } }', undefined, as(key));
    upstream.json('{"message":"no"}', 404);
    await call(key, 'desk/list_things');
    await call(key, 'desk/list_things', { params: { p: 1 } });
    await call(key, 'safe/list_things');
    upstream.play = () => {};
    await call(key, 'desk/create_quickly', { params: { title: 'x' } });
    await call(key, 'bank/list_things');
    await call(key, 'desk/list_things');
    // Neither is a call: nobody is known to have made it, or nothing could have been called.
    expect((await call('sk_wrong', 'desk/list_things')).status).toBe(401);
    expect((await call(key, 'desk/nothing')).status).toBe(404);
    await settled();
    const { nodes, totalCount } = await log(key);
    expect(totalCount).toBe(8);
    expect(nodes).toEqual(
      [
        ['desk', 'list_things', 'REST', 'SUCCEEDED', null, 200],
        ['desk', 'list_things', 'GRAPHQL', 'SUCCEEDED', null, 200],
        ['desk', 'list_things', 'REST', 'UPSTREAM_FAILED', null, 404],
        ['desk', 'list_things', 'REST', 'REFUSED', 'BAD_REQUEST', null],
        ['safe', 'list_things', 'REST', 'REFUSED', 'INTEGRATION_NOT_CONNECTED', null],
        ['desk', 'create_quickly', 'REST', 'UNKNOWN', 'UPSTREAM_TIMEOUT', null],
        ['bank', 'list_things', 'REST', 'REFUSED', 'SCOPE_NOT_ALLOWED', null],
        ['desk', 'list_things', 'REST', 'REFUSED', 'RATE_LIMITED', null],
      ]
        .reverse()
        .map(([integration, endpoint, door, outcome, errorCode, upstreamStatus]) => ({
          integration,
          endpoint,
          door,
          outcome,
          errorCode,
          upstreamStatus,
        })),
    );
  });

  it('says who, with what, and how long, and leads to the request', async () => {
    const key = await newKey();
    const answer = await call(key, 'desk/create_thing', { params: { title: 'x' } }, { 'idempotency-key': 'row' });
    await call(key, 'desk/create_thing', { params: { title: 'x' } }, { 'idempotency-key': 'row' });
    await settled();
    const fields =
      'id keyId connectionId account idempotencyKey parameterNames outcome responseBytes upstreamMs totalMs requestId startedAt completedAt';
    const { nodes } = await log(key, '', fields);
    const [replayed, first] = nodes;
    expect(first).toEqual({
      id: expect.stringMatching(/^call_/),
      keyId: key,
      connectionId: null,
      account: null,
      idempotencyKey: 'row',
      parameterNames: ['title'],
      outcome: 'SUCCEEDED',
      responseBytes: '{"things":[]}'.length,
      upstreamMs: expect.any(Number),
      totalMs: expect.any(Number),
      requestId: answer.headers.get('x-request-id'),
      startedAt: expect.stringMatching(/Z$/),
      completedAt: expect.stringMatching(/Z$/),
    });
    expect(replayed).toMatchObject({ outcome: 'REPLAYED', idempotencyKey: 'row', upstreamMs: null });
  });

  it('shows words that this release does not know as null, and an end that it does not know as UNKNOWN', async () => {
    const key = await newKey();
    await call(key, 'desk/list_things');
    await call(key, 'desk/list_things', { params: { p: 1 } });
    await settled();
    const [refused, fine] = (await log(key, '', 'id')).nodes;
    const { db } = server.gateway;
    // A newer release takes its words into the constraints before it writes them.
    for (const column of ['door', 'outcome'])
      await sql.raw(`alter table skill_calls drop constraint skill_calls_${column}_check`).execute(db);
    await sql`alter table call_hours drop constraint call_hours_outcome_check`.execute(db);
    await sql`update skill_calls set door = 'pigeon', error_code = 'eaten', outcome = 'lost_at_sea' where id = ${refused.id}`.execute(db);
    const fields = 'id door outcome errorCode';
    expect((await log(key, '', fields)).nodes).toEqual([
      { id: refused.id, door: null, outcome: 'UNKNOWN', errorCode: null },
      { id: fine.id, door: 'REST', outcome: 'SUCCEEDED', errorCode: null },
    ]);
    const counted = await server.graphql('{ callCounts(by: [OUTCOME]) { outcome calls } }', undefined, as(key));
    expect(counted.json.data.callCounts).toEqual([
      { outcome: 'UNKNOWN', calls: 1 },
      { outcome: 'SUCCEEDED', calls: 1 },
    ]);
  });

  it('holds no value of a parameter, no answer and no secret', async () => {
    const planted = ['planted-parameter', 'planted-unknown-name', 'planted-answer', 'planted-credential', 'planted-failure'];
    const key = await newKey();
    upstream.play = (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.target === '/me') response.end('{"id":1,"login":"ada"}');
      else if (request.target.includes('fail')) response.writeHead(500).end('{"m":"planted-failure"}');
      else response.end('{"x":"planted-answer"}');
    };
    const connected = await server.request(
      'POST',
      '/v1/connect',
      as(key, { body: { integration: 'safe', credentials: { token: 'planted-credential' } } }),
    );
    expect(connected.json).toMatchObject({ status: 'connected' });
    const headers = { 'idempotency-key': 'planted' };
    expect((await call(key, 'safe/create_thing', { params: { title: 'planted-parameter' } }, headers)).text).toContain('planted-answer');
    expect((await call(key, 'safe/list_things', { params: { q: 'planted-parameter fail' } })).text).toContain('planted-failure');
    expect((await call(key, 'safe/list_things', { params: { 'planted-unknown-name': 'x' } })).status).toBe(400);
    await settled();
    const { nodes } = await log(key, '', 'account connectionId outcome');
    expect(nodes.filter(({ account }: { account: string }) => account === 'ada')).toHaveLength(3);
    const tables = ['skill_calls', 'call_hours', 'audit_rows', 'idempotency_claims', 'minute_counters', 'connections'];
    for (const table of tables) {
      const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.id(table)} t`.execute(server.gateway.db);
      const text = rows.map((row) => row.text).join('\n');
      for (const secret of planted) {
        expect(text, table).not.toContain(secret);
        // Bytes are printed in hex.
        expect(text, table).not.toContain(Buffer.from(secret).toString('hex'));
      }
    }
    expect((await sql<{ n: number }>`select count(*) as n from audit_rows`.execute(server.gateway.db)).rows[0]?.n).toBeGreaterThan(0);
    for (const secret of [...planted, key]) expect(server.log.join('\n')).not.toContain(secret === key ? `Bearer ${key}` : secret);
  });
});

/** Calls in the past, written straight into the log: one every ten minutes, back from an hour ago. */
async function seedPast(userId: string, keyId: string, count: number, traits: (at: number) => object): Promise<void> {
  const rows = Array.from({ length: count }, (_, at) => {
    const startedAt = new Date(Date.now() - 3_600_000 - at * 600_000);
    return {
      id: newTimeOrderedId('call', startedAt.getTime()),
      userId,
      keyId,
      connectionId: null,
      account: null,
      integration: 'desk',
      endpoint: 'list_things',
      door: 'rest' as const,
      idempotencyKey: null,
      parameterNames: [],
      parameterHash: null,
      outcome: 'succeeded' as const,
      errorCode: null,
      upstreamStatus: 200,
      responseBytes: 1,
      upstreamMs: 1,
      totalMs: 1,
      requestId: 'req_1',
      startedAt,
      completedAt: startedAt,
      ...traits(at),
    };
  });
  await server.gateway.db.insertInto('skillCalls').values(rows).execute();
}

describe('the log', () => {
  it.each(['before it has been settled', 'after'])('is read page by page and by every filter, %s', async (when) => {
    const userId = await addUser(server.gateway.database);
    const [key, other] = [await addKey(server.gateway.database, userId), await addKey(server.gateway.database, userId)];
    await seedPast(userId, key.id, 40, (at) => ({
      ...(at % 10 === 3 ? { outcome: 'refused', errorCode: 'rate_limited' } : {}),
      ...(at % 8 === 5 ? { integration: 'bank', endpoint: 'create_thing' } : {}),
      ...(at % 20 === 7 ? { door: 'mcp' } : {}),
      ...(at % 5 === 2 ? { keyId: other.id } : {}),
      ...(at === 9 ? { connectionId: 'conn_1', account: 'ada' } : {}),
    }));
    if (when === 'after') await sweepCalls(server.gateway);
    // One that no hour counts yet.
    await call(key.id, 'desk/list_things');
    await settled();

    const seen: { id: string; startedAt: string }[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await log(key.id, `first: 7${after === undefined ? '' : `, after: "${after}"`}`, 'id startedAt');
      expect(page.totalCount).toBe(41);
      seen.push(...page.nodes);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    expect(seen).toHaveLength(41);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(41);
    expect(seen.map(({ startedAt }) => startedAt)).toEqual([...seen.map(({ startedAt }) => startedAt)].sort().reverse());

    for (const [filter, count] of [
      ['integration: "bank"', 5],
      ['integration: "desk"', 36],
      ['endpoint: "create_thing"', 5],
      ['door: MCP', 2],
      ['outcome: REFUSED', 4],
      ['outcomes: [REFUSED]', 4],
      ['outcomes: [REFUSED, SUCCEEDED]', 41],
      ['outcomes: [FAILED, UNKNOWN]', 0],
      ['outcome: REFUSED, outcomes: [REFUSED, SUCCEEDED]', 4],
      ['outcome: REFUSED, outcomes: [SUCCEEDED]', 0],
      ['errorCodes: [RATE_LIMITED]', 4],
      ['errorCodes: [RATE_LIMITED, CONFLICT], integration: "bank"', 1],
      ['errorCodes: [CONFLICT]', 0],
      ['errorCodes: [RATE_LIMITED], outcomes: [SUCCEEDED]', 0],
      [`key: "${other.id}"`, 8],
      ['connection: "conn_1"', 1],
      ['integration: "bank", outcome: REFUSED', 1],
      ['integration: "nothing"', 0],
      [`since: "${seen[10]?.startedAt}"`, 11],
      [`until: "${seen[10]?.startedAt}"`, 30],
      [`since: "${seen[10]?.startedAt}", until: "${seen[4]?.startedAt}"`, 6],
      [`since: "${seen[10]?.startedAt}", until: "${seen[9]?.startedAt}", integration: "desk"`, 1],
    ] as const) {
      const page = await log(key.id, `${filter}, first: 100`, 'id');
      expect([filter, page.nodes.length, page.totalCount]).toEqual([filter, count, count]);
      if (count < 4) continue;
      // In pages it is the same, in the same order.
      const first = await log(key.id, `${filter}, first: 3`, 'id');
      const second = await log(key.id, `${filter}, first: 100, after: "${first.pageInfo.endCursor}"`, 'id');
      expect([...first.nodes, ...second.nodes]).toEqual(page.nodes);
    }

    const counts = async (args: string) =>
      (await server.graphql(`{ callCounts(${args}) { day integration endpoint keyId outcome calls } }`, undefined, as(key.id))).json.data
        .callCounts;
    const nothing = { day: null, integration: null, endpoint: null, keyId: null, outcome: null };
    expect(await counts('by: [INTEGRATION]')).toEqual([
      { ...nothing, integration: 'bank', calls: 5 },
      { ...nothing, integration: 'desk', calls: 36 },
    ]);
    expect(await counts('by: [OUTCOME, INTEGRATION], integration: "bank"')).toEqual([
      { ...nothing, outcome: 'REFUSED', integration: 'bank', calls: 1 },
      { ...nothing, outcome: 'SUCCEEDED', integration: 'bank', calls: 4 },
    ]);
    const days = await counts('by: [DAY]');
    expect(days).toEqual(
      Object.entries(tally(seen.map(({ startedAt }) => startedAt.slice(0, 10))))
        .sort()
        .map(([day, calls]) => ({ ...nothing, day, calls })),
    );
    expect(await counts('by: [OUTCOME], errorCodes: [RATE_LIMITED], since: "2000-01-01T00:00:00Z"')).toEqual([
      { ...nothing, outcome: 'REFUSED', calls: 4 },
    ]);
    expect(await counts(`by: [keyId], since: "${seen[10]?.startedAt}"`).catch(() => 'refused')).toBe('refused');
    expect(
      (await counts(`by: [KEY], since: "${seen[10]?.startedAt}"`)).reduce((sum: number, one: { calls: number }) => sum + one.calls, 0),
    ).toBe(11);
  });

  it('shows a key with `*` what its user did, another its own calls, and nobody those of others', async () => {
    const userId = await addUser(server.gateway.database);
    const [whole, narrow] = [
      await addKey(server.gateway.database, userId),
      await addKey(server.gateway.database, userId, { scopes: ['desk'] }),
    ];
    const stranger = await newKey();
    await call(whole.id, 'desk/list_things');
    await call(narrow.id, 'desk/list_things');
    const keys = async (key: string, args = '') => (await log(key, args, 'keyId')).nodes.map((node: { keyId: string }) => node.keyId);
    expect(await keys(whole.id)).toEqual([narrow.id, whole.id]);
    expect(await keys(narrow.id)).toEqual([narrow.id]);
    expect(await keys(narrow.id, `key: "${whole.id}"`)).toEqual([]);
    expect(await keys(stranger)).toEqual([]);
    expect(await keys(stranger, `key: "${whole.id}"`)).toEqual([]);
    expect(await keys(stranger, 'key: "key_of_nobody"')).toEqual([]);

    const [ofNarrow, ofWhole] = (await log(whole.id, '', 'id')).nodes;
    const one = async (key: string, id: string) => {
      const { json } = await server.graphql('query ($id: ID!) { call(id: $id) { id keyId } }', { id }, as(key));
      return json.data?.call ?? json.errors[0].extensions.code;
    };
    expect(await one(whole.id, ofNarrow.id)).toEqual({ id: ofNarrow.id, keyId: narrow.id });
    expect(await one(narrow.id, ofNarrow.id)).toEqual({ id: ofNarrow.id, keyId: narrow.id });
    expect(await one(narrow.id, ofWhole.id)).toBe('not_found');
    expect(await one(stranger, ofWhole.id)).toBe('not_found');
    expect(await one(whole.id, 'call_of_nobody')).toBe('not_found');
    expect(await one(whole.id, 'call\0')).toBe('not_found');
  });

  it('is found by the id that an answer gave, whatever became of it', async () => {
    const key = await newKey();
    const { json } = await server.graphql('{ read(integration: "desk", endpoint: "list_things") { callId } }', undefined, as(key));
    await settled();
    const found = await server.graphql('query ($id: ID!) { call(id: $id) { outcome endpoint } }', { id: json.data.read.callId }, as(key));
    expect(found.json.data.call).toEqual({ outcome: 'SUCCEEDED', endpoint: 'list_things' });
  });

  it.each([
    ['first: 0', 'first'],
    ['first: 101', 'first'],
    ['after: "nonsense"', 'cursor'],
    [`after: "${Buffer.from('[-8640000000000000,"x"]').toString('base64url')}"`, 'cursor'],
    [`after: "${Buffer.from('["x","x"]').toString('base64url')}"`, 'cursor'],
    ['since: "0000-01-01T00:00:00Z"', '9999'],
    ['since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"', 'since'],
    ['since: "yesterday"', 'RFC 3339'],
    ['outcomes: []', 'at least one'],
    ['errorCodes: []', 'at least one'],
    ['errorCodes: [rate_limited]', 'RATE_LIMITED'],
    ['integration: "a\\u0000b"', 'NUL'],
  ])('refuses %s', async (args, what) => {
    const { json } = await server.graphql(`{ calls(${args}) { totalCount } }`);
    expect(json.errors[0].extensions.code).toBe('bad_request');
    expect(json.errors[0].message).toContain(what);
  });

  it('takes moments at the ends of time', async () => {
    expect((await log(server.key, 'since: "0001-01-01T00:00:00Z", until: "9999-12-31T23:59:59Z"')).totalCount).toBeTypeOf('number');
  });
});

it('usage counts what has been let through, and limits of nobody are null', async () => {
  const userId = await addUser(server.gateway.database, { plan: 'free' });
  const [key, second] = [await addKey(server.gateway.database, userId), await addKey(server.gateway.database, userId)];
  await roomInMinute(5_000, server.gateway.clock);
  for (const caller of [key, key, key, second]) await call(caller.id, 'desk/list_things');
  await call(key.id, 'desk/list_things', { params: { wrong: 1 } });
  const window = 'used limit remaining resetsAt';
  const usage = async (caller: string) =>
    (
      await server.graphql(
        `{ viewer { plan { name perMinute perDay usage { minute { ${window} } day { ${window} } } } } }`,
        undefined,
        as(caller),
      )
    ).json.data.viewer.plan;
  // From 400 on a call has counted.
  expect(await usage(key.id)).toEqual({
    name: 'FREE',
    perMinute: 30,
    perDay: 10_000,
    usage: {
      minute: { used: 4, limit: 30, remaining: 26, resetsAt: expect.stringMatching(/:00\.000Z$/) },
      day: { used: 5, limit: 10_000, remaining: 9_995, resetsAt: expect.stringMatching(/T00:00:00\.000Z$/) },
    },
  });
  expect((await usage(second.id)).usage).toMatchObject({ minute: { used: 1 }, day: { used: 5 } });
  const unlimited = await newKey({ limits: { perMinute: null, perDay: null } });
  await call(unlimited, 'desk/list_things');
  expect((await usage(unlimited)).usage).toMatchObject({
    minute: { used: 1, limit: null, remaining: null },
    day: { used: 1, limit: null, remaining: null },
  });
});

it('calls and counts older than the installation keeps them go, the younger stay', async () => {
  const { gateway } = server;
  const userId = await addUser(gateway.database);
  const key = await addKey(gateway.database, userId);
  const day = 86_400_000;
  // What is written behind the settled time is counted by nobody, so the log begins anew.
  await gateway.db.deleteFrom('skillCalls').execute();
  await gateway.db.deleteFrom('callHours').execute();
  await gateway.db
    .updateTable('callSettlement')
    .set({ until: new Date(0) })
    .execute();
  await seedPast(userId, key.id, 3, (at) => {
    const startedAt = new Date(Date.now() - ([89.5, 91.1, 92][at] as number) * day);
    return { id: newTimeOrderedId('call', startedAt.getTime()), startedAt, completedAt: startedAt };
  });
  await sweepCalls(gateway);
  expect((await log(key.id, '', 'id')).nodes).toHaveLength(1);
  expect((await log(key.id)).totalCount).toBe(1);
  gateway.clock.offsetMs = 2 * day;
  expect((await sweepCalls(gateway)).deleted).toBeGreaterThanOrEqual(1);
  gateway.clock.offsetMs = 0;
  expect((await log(key.id)).totalCount).toBe(0);
  expect((await gateway.db.selectFrom('callHours').selectAll().where('userId', '=', userId).execute()).length).toBe(0);
});
