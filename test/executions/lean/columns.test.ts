/** What paths of lean columns make of the values of an answer: each transformation, and what it makes of a value that it cannot take. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RecipeStand, startRecipeStand } from '../recipe-stand.ts';

const paths = {
  plain: 'a',
  minute: 'a | minute',
  date: 'a | date',
  tail: 'a | tail 2',
  first: 'a | first 7',
  line: 'a | line',
  header: 'a | header Subject',
  mail: 'a | mail_text',
  text: 'a | plain_text',
  failed: 'a | failed',
  count: 'a | count',
  chain: 'a | line | first 3',
  own_bar: "(a | [?name=='x']) | count",
};

let stand: RecipeStand;
beforeAll(async () => {
  const endpoints = Object.entries(paths).map(([name, path]) => [name, { lean: { cell: path } }]);
  stand = await startRecipeStand(Object.fromEntries(endpoints));
});
afterAll(() => stand.close());

/** The cells of rows with these values, by the column of that name. */
async function cellsOf(column: keyof typeof paths, ...values: unknown[]): Promise<unknown[]> {
  stand.upstream.json(JSON.stringify(values.map((a) => ({ a }))));
  const { json } = await stand.rest(column, { view: 'lean' });
  expect(json.data.columns).toEqual(['cell']);
  return json.data.rows.map(([cell]: unknown[]) => cell);
}
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const part = (mimeType: string, text: string, more: object = {}) => ({ mimeType, body: { data: base64url(text) }, ...more });

describe('a lean column', () => {
  test('without a transformation is the value: lists are one text, objects their JSON, long texts are cut with their length', async () => {
    expect(await cellsOf('plain', 'x', 7, false, null, ['a', 1, null, { b: 2 }], [], { c: 3 }, 'y'.repeat(1_001))).toEqual([
      ...['x', 7, false, null, 'a, 1, {"b":2}', null, '{"c":3}'],
      `${'y'.repeat(1_000)}…(1000 of 1001 characters)`,
    ]);
  });

  test('gives minute and date of times as ISO 8601, seconds or milliseconds, and nothing for what is no time', async () => {
    const times = ['2026-11-24T09:12:33Z', '2026-11-24T01:12:33+02:00', 1_795_511_553, '1795511553.001200', '1795511553000', '2026-11-24'];
    const others = ['soon', true, {}, 1e20];
    const none = others.map(() => null);
    expect(await cellsOf('minute', ...times, ...others)).toEqual([
      ...['2026-11-24 09:12', '2026-11-23 23:12', '2026-11-24 09:12', '2026-11-24 09:12', '2026-11-24 09:12', '2026-11-24 00:00'],
      ...none,
    ]);
    expect(await cellsOf('date', ...times, ...others)).toEqual([
      ...['2026-11-24', '2026-11-23', '2026-11-24', '2026-11-24', '2026-11-24', '2026-11-24'],
      ...none,
    ]);
  });

  test('gives the last parts of an address, the first characters, and the first line of a text, and nothing of what is none', async () => {
    expect(await cellsOf('tail', 'https://api.example/repos/ada/engine', 'engine', 7)).toEqual(['ada/engine', 'engine', null]);
    expect(await cellsOf('first', '0123456789', 'short', '012345😀', ['a'])).toEqual(['0123456', 'short', '012345', null]);
    expect(await cellsOf('line', '\r\n one\ntwo', 'only', '', 7)).toEqual([' one', 'only', '', null]);
    expect(await cellsOf('chain', 'first line\nsecond', null)).toEqual(['fir', null]);
  });

  test('gives a header by its name without case, and nothing where there is none of that name', async () => {
    const headers = [{ name: 'From', value: 'ada' }, 7, { name: 'SUBJECT', value: 'Hello' }];
    expect(await cellsOf('header', headers, [{ name: 'From', value: 'ada' }], { Subject: 'x' }, 'Subject')).toEqual([
      'Hello',
      null,
      null,
      null,
    ]);
  });

  test('gives the text of a mail: its first plain part, else its HTML as text, and never a file', async () => {
    const html = part('text/html', '<style>p{}</style><p>Dear <b>Ada</b> &amp; all,</p><p>x&nbsp;&#x41;&#66;&unknown;</p><!-- no -->');
    const plain = part('text/plain; charset=utf-8', 'Grüße\r\n\r\n\r\n\r\nAda  ');
    const file = part('text/plain', 'a file', { filename: 'a.txt' });
    const both = { mimeType: 'multipart/mixed', parts: [file, { mimeType: 'multipart/alternative', parts: [html, plain] }] };
    const deep = Array.from({ length: 30 }).reduce<object>((inner) => ({ mimeType: 'multipart/mixed', parts: [inner] }), plain);
    expect(await cellsOf('mail', both, { mimeType: 'multipart/mixed', parts: [file, html] }, file, deep, 'text')).toEqual([
      'Grüße\n\nAda',
      'Dear Ada & all,\n\nx AB&unknown;',
      ...[null, null, null],
    ]);
  });

  test('gives rich text and HTML as plain text', async () => {
    const rich = [{ plain_text: 'Hello ' }, 'you', { other: 1 }];
    expect(await cellsOf('text', rich, { plain_text: 'one' }, '<h1>A</h1>b<br/>c', { other: 1 }, 7)).toEqual([
      ...['Hello you', 'one', 'A\nb\nc'],
      ...[null, null],
    ]);
  });

  test('gives the names of what failed, with their numbers', async () => {
    const steps = [
      { number: 1, name: 'build', conclusion: 'success' },
      { number: 2, name: 'test', conclusion: 'failure' },
      { id: 9, state: 'error' },
      { name: 'lint', status: 'timed_out' },
      'failed',
    ];
    expect(await cellsOf('failed', steps, steps.slice(0, 1), 'failed')).toEqual(['2 test, 9, lint', null, null]);
  });

  test('counts lists and members, and takes bars of JMESPath in parentheses', async () => {
    expect(await cellsOf('count', [1, 2], [], { a: 1 }, 'abc', 7)).toEqual([2, 0, 1, null, null]);
    expect(await cellsOf('own_bar', [{ name: 'x' }, { name: 'y' }], 7)).toEqual([1, null]);
  });
});
