/** Parts of a JSON text that are found without reading it into values. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findMembers } from '../../src/core/json/json-members.ts';

async function cut(text: string, name: string): Promise<string | undefined> {
  const json = Buffer.from(text);
  const found = (await findMembers(json, { start: 0, end: json.length }, [name]))?.get(name);
  return found && json.toString('utf8', found.start, found.end);
}

describe('a member of an object', () => {
  test('is found as its bytes stand there, whatever is around it', async () => {
    expect(await cut(' { "a" : [1, "}\\"]"] , "b":-1.50e+400,"c" :{ "b": 2 } }\n', 'b')).toBe('-1.50e+400');
    expect(await cut('{"a":"\\\\","b":"x\\\\\\""}', 'b')).toBe('"x\\\\\\""');
    expect(await cut('{"\\u0062":true}', 'b')).toBe('true');
    expect(await cut('{"b":1,"b":{"c":[]} }', 'b')).toBe('{"c":[]}');
  });

  test('is not found inside another one, nor in what is no object', async () => {
    expect(await cut('{"a":{"b":1}}', 'b')).toBeUndefined();
    expect(await cut('{}', 'b')).toBeUndefined();
    for (const text of ['[{"b":1}]', '"b"', 'null', '12']) {
      const json = Buffer.from(text);
      expect(await findMembers(json, { start: 0, end: json.length }, ['b'])).toBeUndefined();
    }
  });

  test('is the one that JSON.parse would give, in any text', async () => {
    const spaced = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), fc.constantFrom(undefined, 1, '\t'));
    await fc.assert(
      fc.asyncProperty(spaced, async ([value, space]) => {
        const text = JSON.stringify(value, null, space);
        for (const [name, inner] of Object.entries(JSON.parse(text))) expect(JSON.parse((await cut(text, name)) as string)).toEqual(inner);
      }),
    );
  });

  test('is found in a long text while others have their turns', async () => {
    const rows = JSON.stringify(Array.from({ length: 1_500_000 }, (_, at) => at));
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 0);
    const text = `{"rows":${rows},"after":{"ok":true}}`;
    expect(await cut(text, 'after')).toBe('{"ok":true}');
    clearInterval(ticking);
    expect(text.length).toBeGreaterThan(10_000_000);
    expect(turns).toBeGreaterThan(3);
  });
});
