import { describe, expect, test } from 'vitest';
import { applySelect, requireSelect } from '../../src/domains/executions/answer/select.ts';

const run = async (data: unknown, expression: string) =>
  JSON.parse((await applySelect(Buffer.from(JSON.stringify(data)), expression)).toString());

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
    await expect(applySelect(Buffer.from('no json'), 'a')).rejects.toThrow();
  });

  test('that asks for endless work is stopped, and those after it run', async () => {
    const blownUp = run([1], Array.from({ length: 60 }, () => '[@,@]').join('|'));
    const after = run({ a: 1 }, 'a');
    await expect(blownUp).rejects.toThrow(/longer than|memory|Invalid string length/);
    expect(await after).toBe(1);
    await expect(
      run(
        Array.from({ length: 30_000 }, (_, at) => at),
        "[*].join('', $[*].to_string(@))",
      ),
    ).rejects.toThrow(/longer than|memory/);
    expect(await run({ a: 2 }, 'a')).toBe(2);
  });

  test('of many at once all run', async () => {
    expect(await Promise.all(Array.from({ length: 50 }, (_, at) => run({ at }, 'at')))).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });
});
