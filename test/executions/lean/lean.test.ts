import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dropOldRests, isHandle } from '../../../src/domains/executions/answer/lean/rest/kept-rest.ts';
import { insertRest } from '../../../src/domains/executions/answer/lean/rest/rest-store.ts';
import { addUser } from '../../admission/people.ts';
import { type LeanStand, letterOf, startLeanStand } from './stand.ts';

let stand: LeanStand;
beforeAll(async () => {
  stand = await startLeanStand();
});
afterAll(() => stand.close());

const letters = (count: number, more: object = {}) =>
  stand.upstream.json(JSON.stringify({ letters: Array.from({ length: count }, (_, at) => letterOf(at)), total: 612, ...more }));
const handleIn = (text: string) => /more "(c_[^"]+)"/.exec(text.split('\n')[0] as string)?.[1] as string;
const rest = (key: string, endpoint: string, body: object) =>
  stand.server.request('POST', `/v1/letters/${endpoint}`, { body, authorization: `Bearer ${key}` });
const gateway = () => stand.server.gateway;
const countKept = async () => Number((await sql<{ n: number }>`select count(*) as n from kept_answers`.execute(gateway().db)).rows[0]?.n);

describe('a lean answer', () => {
  test('is rows and columns over REST and GraphQL, and raw stays the default of both', async () => {
    const key = await stand.newKey();
    letters(2, { partial: true });
    const lean = await rest(key, 'list_letters', { view: 'lean', with: ['body'] });
    expect(lean.json).toEqual({
      status: 200,
      data: {
        columns: ['id', 'from', 'at', 'labels', 'box', 'body'],
        rows: [0, 1].map((at) => [`l${at}`, 'Eva', '2026-11-24 09:12', 'a, b', 'B1', `Body ${at}`]),
        total: 612,
        cut: ['the service stopped early (`partial`), so rows may be missing'],
      },
    });
    const document =
      'query ($view: AnswerView, $with: [String!]) { read(integration: "letters", endpoint: "list_letters", view: $view, with: $with) { data } }';
    const ask = (variables: object) => stand.server.graphql(document, variables as never, { authorization: `Bearer ${key}` });
    expect((await ask({ view: 'LEAN', with: ['body'] })).json.data.read.data).toEqual(lean.json.data);
    const raw = (await rest(key, 'list_letters', {})).json.data;
    expect(raw.letters).toHaveLength(2);
    expect((await ask({})).json.data.read.data).toEqual(raw);
    expect((await rest(key, 'list_letters', { view: 'lean', with: ['*'] })).json.data).toEqual(raw);
  });

  test('is refused before anything is sent where a column is unknown, with the nearest names, and beside `select`', async () => {
    const key = await stand.newKey();
    stand.upstream.received.length = 0;
    const unknown = await rest(key, 'list_letters', { view: 'lean', with: ['bdy'] });
    expect(unknown.status).toBe(400);
    expect(unknown.json.message).toBe('`list_letters` has no column "bdy". Did you mean `body`?');
    for (const body of [
      { view: 'lean', select: 'total' },
      { view: 'lean', with: ['*'], select: 'total' },
      { with: ['body'] },
      { view: 'full' },
    ])
      expect((await rest(key, 'list_letters', body)).status).toBe(400);
    expect((await rest(key, 'list_plain', { view: 'lean', with: ['a'] })).json.message).toContain('has no columns to add');
    await expect(stand.lean(key, 'list_letters', { budget: 5 })).rejects.toThrow(
      '`budget` must be a whole number of tokens from 200 to 50000.',
    );
    expect(stand.upstream.received).toHaveLength(0);
  });

  test('as text says how to get the next page, and what a row has beside it', async () => {
    const key = await stand.newKey();
    letters(2, { meta: { next: 'n2' } });
    const { text, failed } = await stand.lean(key, 'list_letters');
    expect(failed).toBe(false);
    expect(text).toBe(
      [
        '200, 2 rows of 612, 5 of 7 fields (with: ["body", "text", "pages"] adds, "*" is all); next page: params {"cursor":"n2"}',
        'id\tfrom\tat\tlabels\tbox',
        'l0\tEva\t2026-11-24 09:12\ta, b\tB1',
        'l1\tEva\t2026-11-24 09:12\ta, b\tB1',
      ].join('\n'),
    );
  });

  test('above 64 KiB is read beside the loop, with the digits of long numbers', async () => {
    const key = await stand.newKey();
    stand.upstream.json(
      `{"letters":[{"id":12345678901234567890,"body":"${'x'.repeat(100_000)}","box":"B1"},{"id":7,"box":"B1"}],"total":2}`,
    );
    const { text } = await stand.lean(key, 'list_letters', { with: ['body'] });
    expect(text).toContain('12345678901234567890');
    expect(text).toContain('…(1000 of 100000 characters)');
    expect(text.split('\n').at(-1)).toBe('cut: cells at 1000 characters, their length behind them (1 of body): `select` gives them whole');
  });

  test('of millions of values has as many rows as one process can print beside its other work, and says how many are left out', async () => {
    const key = await stand.newKey();
    stand.upstream.json(`[${Array(3_000_000).fill('0').join(',')}]`);
    const { json, text } = await rest(key, 'list_plain', { view: 'lean' });
    const { rows, cut } = json.data;
    expect(rows.length).toBeGreaterThan(10_000);
    expect(rows.length).toBeLessThan(20_000);
    expect(text.length).toBeLessThan(100_000);
    expect(cut).toEqual([`${3_000_000 - rows.length} rows are left out of an answer that is too long: \`select\`, or ask for fewer rows`]);
    const fields = Object.fromEntries(Array.from({ length: 300_000 }, (_, at) => [`key${at}`, at]));
    stand.upstream.json(JSON.stringify(fields));
    expect((await stand.lean(key, 'list_plain')).text).toMatch(/^200, 0 rows; 1 row is left out of an answer that is too long/);
    expect((await stand.lean(key, 'list_plain', { select: 'key299999' })).text).toBe('200, 1 row\n299999');
  });

  test('of a long answer leaves the room that one user has for those to the next', { timeout: 9_500 }, async () => {
    const key = await stand.newKey();
    stand.upstream.json(JSON.stringify(Array.from({ length: 400 }, (_, id) => ({ id, body: 'x'.repeat(900) }))));
    // One user has eight places, and what is not taken would hold each for ten seconds.
    for (let call = 0; call < 9; call += 1) expect((await stand.lean(key, 'list_plain')).text).toMatch(/^200, /);
  });

  test('holds what is nested a hundred levels deep, and leaves out rows that are deeper', async () => {
    const key = await stand.newKey();
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const many of [1, 60]) {
      stand.upstream.json(`[${nested(100)},${Array(many).fill(nested(3_000)).join(',')}]`);
      const said = many === 1 ? '1 row is' : '60 rows are';
      expect((await rest(key, 'list_plain', { view: 'lean' })).json.data).toEqual({
        columns: ['json'],
        rows: [[JSON.parse(nested(100))]],
        total: null,
        cut: [`${said} left out, nested deeper than 100 levels: \`select\` gives parts of them`],
      });
    }
  });

  test('of an endpoint without columns is JSON without templates; with `*` or `select` it is all of it, under the same budget', async () => {
    const key = await stand.newKey();
    const furniture = { a_url: 'https://a', b_url: 'https://b', c_url: 'https://c', d_url: 'https://d', html_url: 'https://h' };
    stand.upstream.json(JSON.stringify([{ id: 1, ...furniture, t: 'https://x/{/id}' }, { id: 2 }]));
    expect((await stand.lean(key, 'list_plain')).text).toBe(
      '200, 2 rows; addresses of the API (members in `…_url`, templates) are left out: with ["*"] they come too\n{"id":1,"html_url":"https://h"}\n{"id":2}\ncut: addresses of the API (members in `…_url`, templates) are left out: with ["*"] they come too',
    );
    expect((await stand.lean(key, 'list_plain', { with: ['*'] })).text).toContain('"a_url":"https://a"');
    expect((await stand.lean(key, 'list_plain', { select: '[].id' })).text).toBe('200, 2 rows\n1\n2');
    stand.upstream.answer(200, { 'content-type': 'text/plain' }, 'one\ntwo');
    expect((await stand.lean(key, 'list_plain')).text).toBe('200, 2 rows of 2\none\ntwo');
  });

  test('that `select` cut is what it made, also where the recipe says where rows stand', async () => {
    const key = await stand.newKey();
    letters(2);
    expect((await stand.lean(key, 'list_letters', { select: 'letters[].id' })).text).toBe('200, 2 rows\nl0\nl1');
    letters(2);
    expect((await stand.lean(key, 'list_letters', { select: "letters[?id=='l1']" })).text).toMatch(/^200, 1 row\n\{"id":"l1",/);
  });

  test('that `select` cut says how its list goes on, as the whole answer says it', async () => {
    const key = await stand.newKey();
    const next = { meta: { next: 'n2' } };
    for (const [count, more] of [
      [2, next],
      [2, { ...next, filling: 'x'.repeat(100_000) }],
    ] as const) {
      letters(count, more);
      expect((await stand.lean(key, 'list_letters', { select: 'letters[].id' })).text).toBe(
        '200, 2 rows; next page: params {"cursor":"n2"}\nl0\nl1',
      );
    }
    letters(2, next);
    expect((await stand.lean(key, 'list_letters', { select: 'length(letters, total)' })).text).toMatch(
      /^200, 1 row; next page: params \{"cursor":"n2"\}; `select` was not applied/,
    );
    letters(2, { meta: { next: null } });
    expect((await stand.lean(key, 'list_letters', { select: '{meta: {next: letters[0].id}}' })).text).toMatch(/^200, 1 row\n/);
  });

  test('that `select` cut goes on after the rows of the page, and not after those that are left', async () => {
    const key = await stand.newKey();
    letters(3, { further: true });
    expect((await stand.lean(key, 'skip_letters')).text).toMatch(/^200, 3 rows; next page: params \{"skip":3\}/);
    letters(3, { further: true });
    const { text } = await stand.lean(key, 'skip_letters', { select: 'letters[0].id' });
    const [, more] = /^200, 1 row; next page: more "([^"]+)"\nl0$/.exec(text) ?? [];
    letters(1, { further: false });
    expect((await stand.lean(key, 'skip_letters', { select: 'letters[0].id', next: more })).text).toBe('200, 1 row\nl0');
    expect(stand.upstream.received.at(-1)?.target).toBe('/letters?skip=3');
  });

  test('of a write is its id and link, is kept for an idempotency key, and a failure is told as the service tells it', async () => {
    const key = await stand.newKey();
    stand.upstream.json('{"id":7,"html_url":"https://l/7","body":"long"}', 201);
    const input = { params: { title: 'x' }, idempotencyKey: 'once' };
    const first = await stand.lean(key, 'make_letter', input);
    expect(first).toEqual({ text: '201, done, 2 of 3 fields\nid\turl\n7\thttps://l/7', failed: false });
    stand.upstream.json('{"id":8}', 201);
    expect(await stand.lean(key, 'make_letter', input)).toEqual(first);
    stand.upstream.json('{"message":"no more \\"x\\""}', 404);
    expect(await stand.lean(key, 'get_letter', { params: { id: 'x' } })).toEqual({
      text: '404, failed; the service answered:\n{"message":"no more \\"x\\""}',
      failed: true,
    });
  });
});

describe('a failure of the service', () => {
  const long = (mark: string) => JSON.stringify({ message: `${mark} more "x"`, at: { line: 7 }, rest: 'é'.repeat(2_000_000) }, null, 2);
  const outcomesOf = async (key: string) =>
    (await gateway().db.selectFrom('skillCalls').select('outcome').where('keyId', '=', key).execute()).map(({ outcome }) => outcome);

  test('that is long is shown as far as the budget goes, in one line, and the call ends with what was read of it', async () => {
    const key = await stand.newKey();
    stand.upstream.json(long('gone'), 500);
    const { text, failed } = await stand.lean(key, 'get_letter', { params: { id: 'x' }, budget: 300 });
    expect(failed).toBe(true);
    const lines = text.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^\{"message": "gone more \\"x\\"","at": \{"line": 7\},"rest": "é{900,}…\(its first \d+ characters\)$/);
    expect(text.length).toBeLessThanOrEqual(1_200);
    expect(text.length).toBeGreaterThan(1_100);
    await expect.poll(() => outcomesOf(key)).toEqual(['upstream_failed']);
  });

  test('of a call for one row stands in that row, and that call ends too', async () => {
    const key = await stand.newKey();
    stand.upstream.play = ({ target }, response) => {
      const isList = !/^\/letters\/\w/.test(target);
      response.writeHead(isList ? 200 : 500, { 'content-type': 'application/json' });
      response.end(isList ? JSON.stringify({ letters: [letterOf(0)] }) : long('lost'));
    };
    const { text } = await stand.lean(key, 'list_letters', { with: ['text'] });
    expect(text).toMatch(/\tfailed: 500 \{"message": "lost .*…\(its first 160 characters\)\n/);
    await expect.poll(async () => (await outcomesOf(key)).sort()).toEqual(['succeeded', 'upstream_failed']);
  });
});

describe('what a budget cut', () => {
  const big = () => letters(100);
  test('is given by `more`, piece by piece, without a new call', async () => {
    const key = await stand.newKey();
    big();
    stand.upstream.received.length = 0;
    let { text } = await stand.lean(key, 'list_letters', { budget: 400 });
    const seen: string[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      expect(text.length).toBeLessThanOrEqual(1_600);
      seen.push(...text.split('\n').filter((line) => /^l\d/.test(line)));
      const handle = handleIn(text);
      if (!handle) break;
      text = await stand.more(key, 'list_letters', handle, { budget: 400 });
      expect(text).toMatch(/^200, rows \d+ to \d+ of 612/);
    }
    expect(seen.map((line) => line.split('\t')[0])).toEqual(Array.from({ length: 100 }, (_, at) => `l${at}`));
    expect(stand.upstream.received).toHaveLength(1);
  });

  test('belongs to its key: to another, after ten minutes, and for another endpoint it is lost, and a write is never asked for again', async () => {
    const key = await stand.newKey();
    big();
    const handle = handleIn((await stand.lean(key, 'list_letters', { budget: 300 })).text);
    await expect(stand.more(await stand.newKey(), 'list_letters', handle)).rejects.toThrow(
      'Call `letters.list_letters` again with the same `params`',
    );
    await expect(stand.more(key, 'list_plain', handle)).rejects.toMatchObject({ code: 'not_found' });
    await expect(stand.more(key, 'make_letter', handle)).rejects.toThrow('was done and is not repeated');
    expect(await stand.more(key, 'list_letters', handle)).toContain('rows');
    expect([isHandle(handle), isHandle('cGFnZT0y.aa')]).toEqual([true, false]);
    gateway().clock.offsetMs = 10 * 60_000;
    try {
      await expect(stand.more(key, 'list_letters', handle)).rejects.toMatchObject({ code: 'not_found' });
      await dropOldRests(gateway());
      expect(await countKept()).toBe(0);
    } finally {
      gateway().clock.offsetMs = 0;
    }
  });

  test('is sealed, and deleted with its key', async () => {
    const key = await stand.newKey();
    big();
    const handle = handleIn((await stand.lean(key, 'list_letters', { budget: 300 })).text);
    const { rows } = await sql<{ answer: string }>`select answer from kept_answers where id = ${handle}`.execute(gateway().db);
    expect(rows[0]?.answer).toMatch(/^\d+\.[A-Za-z0-9_-]+$/);
    const revoked = await stand.server.graphql(
      'mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }',
      { id: key },
      { authorization: `Bearer ${key}` },
    );
    expect(revoked.json.data.revokeApiKey.revokedCount).toBe(1);
    expect((await sql`select 1 from kept_answers where id = ${handle}`.execute(gateway().db)).rows).toHaveLength(0);
    await expect(stand.more(key, 'list_letters', handle)).rejects.toMatchObject({ code: 'api_key_revoked' });
  });

  test('is refused to a key whose scopes have become narrower', async () => {
    const key = await stand.newKey(['letters']);
    big();
    const handle = handleIn((await stand.lean(key, 'list_letters', { budget: 300 })).text);
    await gateway()
      .db.updateTable('apiKeys')
      .set({ scopes: ['letters.get_letter'] })
      .where('id', '=', key)
      .execute();
    await expect(stand.more(key, 'list_letters', handle)).rejects.toMatchObject({ code: 'scope_not_allowed' });
  });
});

describe('what is kept of a cut answer', () => {
  const keptOf = async (key: string, input: object = {}) => {
    letters(100);
    const handle = handleIn((await stand.lean(key, 'list_letters', { budget: 300, ...input })).text);
    expect(await isKept(handle)).toBe(true);
    return handle;
  };
  const isKept = async (handle: string) =>
    (await sql`select 1 from kept_answers where id = ${handle}`.execute(gateway().db)).rows.length === 1;
  const as = (key: string) => ({ authorization: `Bearer ${key}` });

  test('goes with its account', async () => {
    const key = await stand.newKey();
    stand.upstream.json('{"id":"1","login":"ada"}');
    const body = { integration: 'vault', credentials: { token: 't' } };
    const { json } = await stand.server.request('POST', '/v1/connect', { body, ...as(key) });
    expect(json.status).toBe('connected');
    const handle = await keptOf(key, { integration: 'vault' });
    const other = await keptOf(key);
    expect((await stand.server.request('DELETE', `/v1/connect/${json.connection_id}`, as(key))).status).toBe(204);
    expect([await isKept(handle), await isKept(other)]).toEqual([false, true]);
  });

  test('goes with the key of which its own was made', async () => {
    const parent = await stand.newKey();
    const made = await stand.server.request('POST', '/api-keys', { body: { name: 'child', scopes: ['letters'] }, ...as(parent) });
    const handle = await keptOf(made.json.full_key);
    await stand.server.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: parent }, as(parent));
    expect(await isKept(handle)).toBe(false);
  });

  test('goes with its user', async () => {
    const userId = await addUser(gateway().database);
    const handle = await keptOf(await stand.keyOf(userId));
    const operator = await stand.newKey(['operator']);
    const closed = await stand.server.graphql(
      'mutation ($id: ID!) { closeUser(userId: $id) { user { id } } }',
      { id: userId },
      as(operator),
    );
    expect(closed.json.errors).toBeUndefined();
    expect(await isKept(handle)).toBe(false);
  });

  test('goes with the data key that sealed it, and a new one is kept under the next', async () => {
    const key = await stand.newKey();
    const handle = await keptOf(key);
    const operator = await stand.newKey(['operator']);
    const { json } = await stand.server.graphql('mutation { rotateDataKeys { version remaining } }', {}, as(operator));
    expect(json.data.rotateDataKeys.remaining).toBeGreaterThan(0);
    await expect.poll(() => isKept(handle)).toBe(false);
    expect(await stand.more(key, 'list_letters', await keptOf(key))).toContain('rows');
  });

  const row = (userId: string, holderId: string, at: number) => ({
    ...{ id: `c_${userId.slice(-6)}_${at}`, userId, holderId, integration: 'letters', endpoint: 'list_letters', connectionId: null },
    ...{ answer: '1.x', bytes: 10 },
  });

  test('is nothing where the key ended while the call was running', async () => {
    const userId = await addUser(gateway().database);
    const key = await stand.keyOf(userId);
    const { db, clock } = gateway();
    expect(await insertRest(db, clock, row(userId, key, 1), 1_000)).toBe(true);
    await stand.server.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedCount } }', { id: key }, as(key));
    expect(await insertRest(db, clock, row(userId, key, 2), 1_000)).toBe(false);
    expect((await sql`select 1 from kept_answers where user_id = ${userId}`.execute(db)).rows).toHaveLength(0);
  });

  test('is never more of one user than there is room for, however many are kept at a moment', async () => {
    const userId = await addUser(gateway().database);
    const key = await stand.keyOf(userId);
    const { db, clock } = gateway();
    await Promise.all(Array.from({ length: 20 }, (_, at) => insertRest(db, clock, row(userId, key, at), 50)));
    const { rows } = await sql<{ bytes: number }>`select sum(bytes)::int as bytes from kept_answers where user_id = ${userId}`.execute(db);
    expect(rows[0]?.bytes).toBe(50);
  });
});

describe('a column that needs a call for each row', () => {
  const play = () => {
    stand.upstream.play = (request, response) => {
      response.setHeader('content-type', 'application/json');
      const id = /^\/letters\/(\w+)/.exec(request.target)?.[1];
      if (id === 'l1') return void response.writeHead(404).end('{"message":"gone"}');
      const list = { letters: [0, 1, 2].map((at) => letterOf(at)), total: 3 };
      response.end(JSON.stringify(id ? { text: `Text of ${id}`, pages: [1, 2] } : list));
    };
  };

  test('is filled row by row, one that failed says so, and each call is in the log', async () => {
    play();
    const key = await stand.newKey();
    const { text } = await stand.lean(key, 'list_letters', { with: ['text', 'pages'] });
    const lines = text.split('\n');
    expect(lines[1]).toBe('id\tfrom\tat\tlabels\tbox\ttext\tpages');
    expect(lines.slice(2, 5).map((line) => line.split('\t').slice(5))).toEqual([
      ['Text of l0', '2'],
      ['failed: 404 {"message":"gone"}', ''],
      ['Text of l2', '2'],
    ]);
    expect(lines.at(-1)).toBe('cut: text, pages of 1 row failed, which stands in them');
    const calls = await gateway().db.selectFrom('skillCalls').select('endpoint').where('keyId', '=', key).execute();
    expect(calls.map(({ endpoint }) => endpoint).sort()).toEqual(['get_letter', 'get_letter', 'get_letter', 'list_letters']);
  });

  test('names the rows that a limit refused, and how many were done', async () => {
    play();
    const key = await stand.newKey(['*'], { limits: { perMinute: 2 } });
    const { text } = await stand.lean(key, 'list_letters', { with: ['text'] });
    expect(text.split('\n').at(-1)).toMatch(/^cut: text of 2 rows was refused \(rate_limited: .*\); 1 were done, rows .* were not$/);
  });

  test('is not called with a key that may not call it', async () => {
    play();
    const key = await stand.newKey(['letters.list_letters']);
    const { text } = await stand.lean(key, 'list_letters', { with: ['text'] });
    expect(text).toContain('text of 3 rows was refused (scope_not_allowed');
  });
});
