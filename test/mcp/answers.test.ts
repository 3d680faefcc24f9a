/** Answers as agents read them: tables under a budget, the rest of a cut one, and many calls at once. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { rpc, type Stand, startStand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.close());
beforeEach(() => stand.upstream.reset());

async function call(key: string, name: string, args: object): Promise<{ text: string; failed: boolean }> {
  const { result } = (await rpc(stand.post, key, 'tools/call', { name, arguments: args })).json;
  return { text: result.content[0].text, failed: result.isError === true };
}

const things = (count: number) => JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, name: `thing number ${id}` })));

it('an answer over its budget is cut between rows, says so, and goes on by `more` without a new call', async () => {
  const key = await stand.newKey();
  stand.upstream.json(things(400));
  const seen: number[] = [];
  let more: string | undefined;
  for (let turn = 0; turn < 40 && (turn === 0 || more !== undefined); turn += 1) {
    const { text, failed } = await call(key, 'read', {
      endpoint: 'desk.list_things',
      budget: 500,
      ...(more === undefined ? {} : { more }),
    });
    expect([failed, text.length <= 2_000], text).toEqual([false, true]);
    seen.push(...[...text.matchAll(/thing number (\d+)/g)].map(([, id]) => Number(id)));
    more = /more "(c_[^"]+)"/.exec(text.split('\n')[0] as string)?.[1];
  }
  expect(seen).toEqual(Array.from({ length: 400 }, (_, id) => id));
  expect(stand.sent()).toBe(1);
  const other = await call(await stand.newKey(), 'read', { endpoint: 'desk.list_things', more: 'c_nothing' });
  expect([other.failed, stand.sent()]).toEqual([true, 1]);
});

it('`each` is a call each with its own row and count, and a failing one stands in its place', async () => {
  const key = await stand.newKey();
  stand.upstream.play = ({ target }, response) => {
    response.writeHead(target.endsWith('q=b') ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ target }));
  };
  const { text, failed } = await call(key, 'read', { endpoint: 'desk.list_things', each: [{ q: 'a' }, { q: 'b' }, { q: 5 }, { q: 'c' }] });
  expect(failed).toBe(false);
  const lines = text.split('\n');
  expect([lines[0], lines.at(-1)]).toEqual(['4 calls, 2 answered, 2 failed', '4 calls, 2 answered, 2 failed']);
  expect(lines.filter((line) => line.startsWith('## '))).toEqual(['## {"q":"a"}', '## {"q":"b"}', '## {"q":5}', '## {"q":"c"}']);
  expect(text).toContain('/things?q=c');
  expect(text).toContain('500, failed');
  await expect
    .poll(async () => {
      const rows = await stand.server.gateway.db.selectFrom('skillCalls').select('outcome').where('keyId', '=', key).execute();
      return rows.map(({ outcome }) => outcome).sort();
    })
    .toEqual(['refused', 'succeeded', 'succeeded', 'upstream_failed']);
});

it('`each` takes texts for lists, lays each over `params`, and is refused before anything is sent', async () => {
  const key = await stand.newKey();
  stand.upstream.json('{}');
  await call(key, 'read', { endpoint: 'typed.take', each: [{}] });
  for (const [args, message] of [
    [{ each: Array.from({ length: 51 }, () => ({})) }, 'must be at most 50'],
    [{ each: [] }, 'must hold the params of a call'],
    [{ each: [5] }, 'must be an object'],
    [{ each: [{}, {}], budget: 399 }, '`budget` must be at least 400 for 2 calls'],
    [{ each: [{}], more: 'x' }, '`more` goes on with the answer of one call'],
  ] as const)
    expect((await call(key, 'read', { endpoint: 'desk.list_things', ...args })).text).toContain(message);
  expect((await call(key, 'execute', { endpoint: 'desk.create_thing', each: [{}] })).text).toContain('`each` is no field here');
  expect(stand.sent()).toBe(0);
  await call(key, 'read', { endpoint: 'desk.list_things', params: { q: 'x' }, each: '[{"q":"y"},{}]' });
  expect(stand.upstream.received.map(({ target }) => target).sort()).toEqual(['/things?q=x', '/things?q=y']);
});

it('`with` "*" and a budget of 0 is the text of REST', async () => {
  const key = await stand.newKey();
  stand.upstream.json('{ "n": 12345678901234567890 }');
  const whole = await call(key, 'read', { endpoint: 'desk.list_things', with: ['*'], budget: 0 });
  expect(whole.text).toBe('{"status":200,"data":{ "n": 12345678901234567890 }}');
  expect((await call(key, 'read', { endpoint: 'desk.list_things', budget: 0 })).text).toContain('`budget` must be');
});
