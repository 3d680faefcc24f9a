import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJson, JsonScan } from '../../src/core/json/json-scan.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The verdict on bytes that come in pieces. */
function scanInPieces(bytes: Buffer, lengths: readonly number[]): boolean {
  const scan = new JsonScan();
  let at = 0;
  for (const length of lengths) {
    scan.take(bytes.subarray(at, at + length));
    at += length;
  }
  return scan.take(bytes.subarray(at)) && scan.isComplete;
}

const corners = [
  ...[
    '',
    ' ',
    '1',
    '-0',
    '1.5e+3',
    '1E5',
    '0',
    '-',
    '01',
    '1.',
    '1.e1',
    '.5',
    '+1',
    '1e',
    '1e+',
    '00',
    '-01',
    '0x1',
    '1 ',
    ' 1',
    '1 2',
    '1,',
    '0e0',
    '-0.0',
  ],
  ...['true', 'tru', 'truee', 'nul', 'null', 'false ', 'TRUE', 'True', 'tfalse', 'NaN', 'Infinity'],
  ...[
    '""',
    '"a',
    '"\\',
    '"\\"',
    '"\\u12g4"',
    '"\\u1234"',
    '"\\u123"',
    '"\\x"',
    '"\\/\\b\\f\\n\\r\\t\\\\"',
    '"\t"',
    '"\u0000"',
    '"\u007f"',
    '"é😀"',
    "'a'",
  ],
  ...[
    '{}',
    '{ }',
    '[]',
    '[ ]',
    '[,]',
    '[1,]',
    '[1 2]',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a" 1}',
    '{"a":}',
    '{1:2}',
    '{a:1}',
    '{"a":1 "b":2}',
    '{"a":1,"a":2}',
  ],
  ...[
    '[[]',
    '[]]',
    '{]',
    '[}',
    '{"a":[}',
    '{"a":1},"b":2',
    '[1],[2]',
    '{}{}',
    '[1]\n',
    '\ufeff{}',
    '[1]/**/',
    '[1]\u00a0',
    '[1]\f',
    '[1]\v',
    '[[[[[1]]]]]',
  ],
];

describe('one complete JSON text', () => {
  it.each(corners)('is told as JSON.parse tells it: %j', (text) => {
    const bytes = Buffer.from(text);
    expect(isJson(bytes)).toBe(parses(text));
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(scanInPieces(bytes, [cut]), `cut at ${cut}`).toBe(parses(text));
  });

  it('is told of any value, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(fc.json(), fc.array(fc.nat(9)), (text, lengths) => {
        expect(scanInPieces(Buffer.from(text), lengths)).toBe(true);
      }),
    );
  });

  it('is told from what was changed in one place, in whatever pieces it comes', () => {
    const byte = fc.constantFrom(...Buffer.from('",:[]{}\\0e.-+ \n\u0000tnu1f'));
    fc.assert(
      fc.property(
        fc.json(),
        fc.array(fc.record({ at: fc.nat(200), byte, how: fc.constantFrom('replace', 'insert', 'drop') }), { maxLength: 3 }),
        fc.array(fc.nat(9)),
        (text, changes, lengths) => {
          const bytes = [...Buffer.from(text)];
          for (const { at, byte: put, how } of changes)
            bytes.splice(at % (bytes.length + 1), how === 'insert' ? 0 : 1, ...(how === 'drop' ? [] : [put]));
          const changed = Buffer.from(bytes);
          expect(scanInPieces(changed, lengths), changed.toString()).toBe(parses(changed.toString('latin1')));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('is told of several that come at the same time, each in pieces of its own', () => {
    const cut = fc.record({ text: fc.oneof(fc.json(), fc.string()), pieceBytes: fc.integer({ min: 1, max: 7 }) });
    fc.assert(
      fc.property(fc.array(cut, { minLength: 2, maxLength: 4 }), (texts) => {
        const open = texts.map(({ text, pieceBytes }) => ({ text, bytes: Buffer.from(text), pieceBytes, scan: new JsonScan(), at: 0 }));
        for (let left = true; left; ) {
          left = false;
          for (const one of open) {
            if (one.at >= one.bytes.length) continue;
            one.scan.take(one.bytes.subarray(one.at, one.at + one.pieceBytes));
            one.at += one.pieceBytes;
            left = true;
          }
        }
        for (const { text, bytes, scan } of open) expect(scan.isComplete, text).toBe(parses(bytes.toString()));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is told of bytes beyond what is looked at in one go', () => {
    const long = Buffer.from(JSON.stringify({ a: 'x'.repeat(600_000), b: [1, { c: 'y'.repeat(300_000) }] }));
    expect(isJson(long)).toBe(true);
    for (const at of [262_143, 262_144, 524_288, long.length - 1]) {
      const broken = Buffer.from(long);
      broken[at] = 1;
      expect(isJson(broken), `broken at ${at}`).toBe(false);
    }
  });

  it('is none when it is deeper than readers bear', () => {
    const nested = (depth: number) => Buffer.from(`${'[{"a":'.repeat(depth / 2)}0${'}]'.repeat(depth / 2)}`);
    expect(isJson(nested(10_000))).toBe(true);
    expect(isJson(nested(10_002))).toBe(false);
    expect(isJson(Buffer.alloc(5_000_000, '['))).toBe(false);
  });
});
