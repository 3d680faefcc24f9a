import { describe, expect, test } from 'vitest';
import { Expressions } from '../../src/domains/executions/answer/expressions.ts';
import { applySelect, requireSelect } from '../../src/domains/executions/answer/select.ts';

const askerOf = (userId: string, signal?: AbortSignal) => ({ userId, signal, waitedMs: 0 });
const ada = askerOf('ada');

const run = async (data: unknown, expression: string) =>
  JSON.parse((await applySelect(Buffer.from(JSON.stringify(data)), expression, ada)).toString());

/** As the product's, but for the time that an expression may take: those that take all of it are waited for here. */
const brief = new Expressions({ timeoutMs: 1_000, patienceMs: 10_000, threads: 2 });
const runBriefly = async (data: unknown, expression: string, asker = ada) =>
  JSON.parse((await brief.evaluate(Buffer.from(JSON.stringify(data)), expression, asker)).toString());

describe('a select expression', () => {
  test.each([
    'number',
    'items[].{title: title, by: user.login}',
    'length(@)',
    'sort_by(items, &number)[0]',
    '[?state == `"open"`] | [0]',
    '`{"type":"Function","name":"nope"}`',
  ])('that can run passes: %s', (expression) => {
    expect(() => requireSelect(expression)).not.toThrow();
  });

  test.each([
    ['a[', 'not a JMESPath expression'],
    ['', 'not a JMESPath expression'],
    ['items[].nope(@)', 'nope()'],
    ['map(&[other(@)], @)', 'other()'],
    ['a'.repeat(5_000), 'at most 4096 characters'],
    ['('.repeat(4_000), 'not a JMESPath expression'],
  ])('that can never run is refused: %s', (expression, why) => {
    expect(() => requireSelect(expression)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringContaining(why) }),
    );
  });

  test('gives its result, and null where nothing is', async () => {
    expect(await run({ items: [{ n: 1, é: '😀' }, { n: 2 }] }, 'items[].{n: n}')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await run({ a: 1 }, 'b.c')).toBeNull();
    expect(await run('text', '@')).toBe('text');
  });

  test('that fails on the data says why', async () => {
    await expect(run({ a: 'x' }, 'abs(a)')).rejects.toThrow('abs()');
    await expect(applySelect(Buffer.from('no json'), 'a', ada)).rejects.toThrow();
  });

  test('that asks for endless work is stopped, and those after it run', async () => {
    const blownUp = runBriefly([1], Array.from({ length: 60 }, () => '[@,@]').join('|'));
    const after = runBriefly({ a: 1 }, 'a');
    await expect(blownUp).rejects.toThrow(/longer than|memory|Invalid string length/);
    expect(await after).toBe(1);
    await expect(
      runBriefly(
        Array.from({ length: 30_000 }, (_, at) => at),
        "[*].join('', $[*].to_string(@))",
      ),
    ).rejects.toThrow(/longer than|memory/);
    expect(await runBriefly({ a: 2 }, 'a')).toBe(2);
  });

  test('of many at once all run', async () => {
    expect(await Promise.all(Array.from({ length: 50 }, (_, at) => run({ at }, 'at')))).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });
});

describe('turns', () => {
  const slow = "[*].join('', $[*].to_string(@))";
  const long = Array.from({ length: 30_000 }, (_, at) => at);
  const bea = askerOf('bea');

  /** Starting a thread takes longer than what is to be seen here. */
  const warmUp = () => Promise.all([run([], '@'), applySelect(Buffer.from('1'), '@', bea)]);

  test("a user's slow expressions keep nobody else waiting", async () => {
    await Promise.all([runBriefly([], '@'), runBriefly([], '@', bea)]);
    const order: string[] = [];
    const slowOnes = Array.from({ length: 3 }, () => runBriefly(long, slow).catch(() => order.push('slow')));
    await runBriefly({ a: 1 }, 'a', bea).then(() => order.push('quick'));
    expect(order).toEqual(['quick']);
    await Promise.all(slowOnes);
  });

  test('a small answer is not behind a large one of the same user', async () => {
    await warmUp();
    const large = run('x'.repeat(20 * 1024 * 1024), 'type(@)');
    const order: string[] = [];
    await Promise.all([large.then(() => order.push('large')), run({ a: 1 }, 'a').then(() => order.push('small'))]);
    expect(order).toEqual(['small', 'large']);
  });

  test('answers that wait are bounded by their bytes, and the refusal says so', async () => {
    const json = Buffer.from(JSON.stringify('x'.repeat(39 * 1024 * 1024)));
    const asked = Array.from({ length: 4 }, () => applySelect(json, 'type(@)', ada).then(String, (error: Error) => error.message));
    const after = applySelect(json, 'type(@)', bea).then(String, (error: Error) => error.message);
    const [refused, others] = [/too many of your answers wait.*fewer/, await after];
    const outcomes = await Promise.all(asked);
    expect(outcomes.map((outcome) => refused.test(outcome))).toEqual([false, false, false, true]);
    expect(others).not.toMatch(refused);
  });

  test('a caller who leaves while waiting frees the place', async () => {
    const leaving = new AbortController();
    const first = runBriefly(long, slow).catch(() => {});
    const left = runBriefly(1, '@', askerOf('ada', leaving.signal));
    leaving.abort();
    await expect(left).rejects.toThrow('given up');
    await first;
    expect(await runBriefly({ a: 1 }, 'a')).toBe(1);
  });

  test('an expression that waits too long is told so, counted from its asking', async () => {
    const expressions = new Expressions({ timeoutMs: 1_000, patienceMs: 300, threads: 1 });
    const first = expressions.evaluate(Buffer.from(JSON.stringify(long)), slow, ada).catch((error: Error) => error.message);
    await expect(expressions.evaluate(Buffer.from('1'), '@', bea)).rejects.toThrow('held the evaluation for 0.3 s');
    expect(await first).toMatch(/longer than|memory/);
  });
});
