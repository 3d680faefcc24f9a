/** Values that a recipe says how to write: lists and objects in pairs, whole bodies, several files, headers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SkillettError } from '../../src/core/errors.ts';
import { type PreparedRequest, prepareRequest } from '../../src/domains/executions/request/prepare-request.ts';
import { renderEndpoint } from '../../src/domains/skills/endpoints/endpoint-document.ts';
import { makeEndpoint, makeIntegration, textParameter } from './integration.ts';

const notes = makeIntegration('https://api.example.org/v1', {});
const prepare = async (spec: Record<string, unknown>, params: unknown): Promise<PreparedRequest> =>
  prepareRequest(notes, makeEndpoint({ method: 'POST', ...spec }), params);
const faultOf = async (spec: Record<string, unknown>, params: unknown) => {
  const error = await prepare(spec, params).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SkillettError);
  return (error as SkillettError).message;
};
const formOf = async (parameter: Record<string, unknown>, value: unknown) =>
  decodeURIComponent(
    (await prepare({ body: { encoding: 'form' }, parameters: { a: { in: 'body', description: 'A.', ...parameter } } }, { a: value }))
      .body as string,
  );

describe('a list or an object in a form', () => {
  const prices = [{ price: 'p1', quantity: 2 }, { price: 'p2' }];
  test.each<[Record<string, unknown>, unknown, string]>([
    [{ type: 'array', array_style: 'indexed' }, ['x', 'y'], 'a[0]=x&a[1]=y'],
    [{ type: 'array', array_style: 'pipe' }, ['x', 'y'], 'a=x|y'],
    [{ type: 'object', object_style: 'brackets' }, { b: 1, c: { d: true } }, 'a[b]=1&a[c][d]=true'],
    [{ type: 'object', object_style: 'brackets' }, { b: ['x', 'y'] }, 'a[b]=x&a[b]=y'],
    [{ type: 'object', object_style: 'brackets', array_style: 'indexed' }, { b: ['x', 'y'], e: null }, 'a[b][0]=x&a[b][1]=y'],
    [{ type: 'array', object_style: 'brackets', array_style: 'indexed' }, prices, 'a[0][price]=p1&a[0][quantity]=2&a[1][price]=p2'],
    [{ type: 'array', object_style: 'brackets', array_style: 'brackets' }, prices, 'a[][price]=p1&a[][quantity]=2&a[][price]=p2'],
    [{ type: 'array', object_style: 'json' }, prices, `a=${JSON.stringify(prices)}`],
    [{ type: 'object', object_style: 'json' }, {}, 'a={}'],
    [{ type: 'object', object_style: 'brackets' }, {}, ''],
  ])('%j', async (parameter, value, expected) => {
    expect(await formOf(parameter, value)).toBe(expected);
  });

  test('is written in the query alike', async () => {
    const parameters = { a: { in: 'query', type: 'object', description: 'A.', object_style: 'brackets' } };
    expect((await prepare({ method: 'GET', parameters }, { a: { 'b&c': 'd e' } })).url).toBe(
      'https://api.example.org/v1/things?a%5Bb%26c%5D=d%20e',
    );
  });

  test('that the style cannot write is refused with its name', async () => {
    const parameters = { a: { in: 'body', description: 'A.', type: 'object', object_style: 'brackets' } };
    expect(await faultOf({ body: { encoding: 'form' }, parameters }, { a: { b: [{ c: 1 }] } })).toContain(
      '`a` must not hold an object or a list inside a list',
    );
    expect(await faultOf({ body: { encoding: 'form' }, parameters }, { a: { '\ud800': 1 } })).toContain('half of a surrogate pair');
  });

  test('never becomes a pair of another name, whatever it holds', async () => {
    const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
    const parameters = { a: { in: 'body', description: 'A.', type: 'object', object_style: 'brackets', array_style: 'indexed' } };
    await fc.assert(
      fc.asyncProperty(json, async (a) => {
        const written = await prepare({ body: { encoding: 'form', constants: { end: '1' } }, parameters }, { a }).catch(() => undefined);
        if (!written) return;
        const names = [...new URLSearchParams(written.body as string).keys()];
        expect(names.filter((name) => !name.startsWith('a['))).toEqual(['end']);
      }),
    );
  });
});

describe('a choice of parameters', () => {
  const spec = {
    method: 'GET',
    required_any: [
      ['a', 'b'],
      ['b', 'c'],
    ],
    parameters: { a: textParameter('query'), b: textParameter('query'), c: textParameter('query') },
  };

  test('is met by one of each list', async () => {
    expect((await prepare(spec, { b: '1' })).url).toMatch(/\?b=1$/);
    expect((await prepare(spec, { a: '1', c: '2' })).url).toMatch(/\?a=1&c=2$/);
  });

  test('is refused with every list that is not met, and the description says it before', async () => {
    expect(await faultOf(spec, {})).toBe(
      'The parameters do not fit notes.do_it: at least one of `a`, `b` is required; at least one of `b`, `c` is required.',
    );
    expect(await faultOf(spec, { c: '1' })).toBe('The parameters do not fit notes.do_it: at least one of `a`, `b` is required.');
    const endpoint = makeEndpoint(spec);
    expect(endpoint.schema.description).toBe('At least one of `a`, `b` is required. At least one of `b`, `c` is required.');
    expect(renderEndpoint(notes, endpoint, 'https://gateway.example')).toContain('\n\nAt least one of `a`, `b` is required. At least');
  });
});

describe('one parameter as the whole body', () => {
  const raw = (parameter: Record<string, unknown>, headers?: Record<string, string>) => ({
    body: { encoding: 'raw', content: 'content' },
    headers,
    parameters: { content: { in: 'body', description: 'It.', ...parameter }, name: textParameter('query') },
  });

  test('is a text, base64 or a file as it is, with its media type', async () => {
    const text = await prepare(raw({ type: 'string' }), { content: '"é"\n', name: 'x' });
    expect([text.body, text.headers['content-type']]).toEqual(['"é"\n', 'text/plain; charset=utf-8']);
    const bytes = await prepare(raw({ type: 'string', format: 'byte' }), { content: 'AAH/' });
    expect([bytes.body, bytes.headers['content-type']]).toEqual([Buffer.from([0, 1, 255]), 'application/octet-stream']);
    const file = { filename: 'a.png', content_type: 'image/png', base64: 'AAH/' };
    const given = await prepare(raw({ type: 'object', file: true }), { content: file });
    expect([given.body, given.headers['content-type']]).toEqual([Buffer.from([0, 1, 255]), 'image/png']);
  });

  test('has the media type that the recipe says', async () => {
    const { headers } = await prepare(raw({ type: 'string' }, { 'Content-Type': 'text/markdown' }), { content: '# A' });
    expect(headers['content-type']).toBe('text/markdown');
  });

  test('is refused for a broken character or media type, and absent where it is not given', async () => {
    expect(await faultOf(raw({ type: 'string' }), { content: '\ud800' })).toContain('half of a surrogate pair');
    const file = { filename: 'a', content_type: 'image/png\r\nX-Evil: 1', base64: '' };
    expect(await faultOf(raw({ type: 'object', file: true }), { content: file })).toContain('`content.content_type` must be a media type');
    expect((await prepare(raw({ type: 'string' }), {})).body).toBeUndefined();
  });
});

describe('an object whose members join the body', () => {
  const spec = {
    body: { encoding: 'json', constants: { source: 'us' } },
    parameters: { title: textParameter('body'), more: { in: 'body', type: 'object', description: 'More.', merge: true } },
  };

  test('stands beside the other parameters, whatever its names', async () => {
    const more = JSON.parse('{"0":1,"__proto__":{"x":1},"nested":{"a":null}}');
    const { body } = await prepare(spec, { title: 'T', more });
    expect(body).toBe('{"0":1,"source":"us","title":"T","__proto__":{"x":1},"nested":{"a":null}}');
    const alone = { parameters: { more: spec.parameters.more } };
    expect((await prepare(alone, { more: { 0: 'a' } })).body).toBe('{"0":"a"}');
    expect((await prepare(alone, {})).body).toBe('{}');
  });

  test('does not stand in for what is already said', async () => {
    expect(await faultOf(spec, { title: 'T', more: { title: 'U', source: 'me' } })).toMatch(
      /`more.title` is already set.*`more.source` is already set/,
    );
  });
});

describe('an object whose members join another one inside the body', () => {
  const more = { in: 'body', type: 'object', description: 'More.', merge: true, as: '/fields' };
  const spec = {
    body: { encoding: 'json', constants: { '/fields/source': 'us' } },
    parameters: { title: { ...textParameter('body'), as: '/fields/title/text' }, more },
  };

  test('stands beside what other parameters put there, and makes it where there is none', async () => {
    const given = JSON.parse('{"0":1,"__proto__":{"x":1}}');
    expect((await prepare(spec, { title: 'T', more: given })).body).toBe(
      '{"fields":{"0":1,"source":"us","title":{"text":"T"},"__proto__":{"x":1}}}',
    );
    expect((await prepare({ parameters: { more } }, { more: { 0: 'a' } })).body).toBe('{"fields":{"0":"a"}}');
    expect((await prepare({ parameters: { more } }, {})).body).toBe('{}');
  });

  test('does not stand in for what is already said there, nor for a part of it', async () => {
    expect(await faultOf(spec, { title: 'T', more: { title: { text: 'U' }, source: 'me' } })).toMatch(
      /`more.title` is already set.*`more.source` is already set/,
    );
  });
});

describe('a multipart body', () => {
  const parts = async (parameters: Record<string, unknown>, params: unknown) => {
    const { body, headers } = await prepare({ body: { encoding: 'multipart' }, parameters }, params);
    const form = await new Response(new Uint8Array(body as Buffer), {
      headers: { 'content-type': headers['content-type'] as string },
    }).formData();
    return [...form.entries()];
  };
  const file = (filename: string) => ({ filename, content_type: 'text/plain', base64: 'aGk=' });

  test('carries several files under the names that the style gives', async () => {
    for (const [array_style, names] of [
      [undefined, ['files', 'files']],
      ['brackets', ['files[]', 'files[]']],
      ['indexed', ['files[0]', 'files[1]']],
    ] as const) {
      const files = { in: 'body', type: 'array', file: true, description: 'Files.', ...(array_style ? { array_style } : {}) };
      const entries = await parts({ files }, { files: [file('a.txt'), file('b.txt')] });
      expect(entries.map(([name, value]) => [name, (value as File).name])).toEqual([
        [names[0], 'a.txt'],
        [names[1], 'b.txt'],
      ]);
    }
    const files = { in: 'body', type: 'array', file: true, description: 'Files.' };
    expect(
      await faultOf(
        { body: { encoding: 'multipart' }, parameters: { files } },
        { files: [file('a'), { ...file('b'), content_type: 'x' }] },
      ),
    ).toContain('`files.1.content_type` must be a media type');
    expect(await faultOf({ body: { encoding: 'multipart' }, parameters: { files } }, { files: ['a'] })).toContain(
      '`files.0` must be an object',
    );
  });

  test('holds no control character of a name, and refuses a broken one', async () => {
    const spec = { body: { encoding: 'multipart' }, parameters: { doc: { in: 'body', type: 'object', file: true, description: 'It.' } } };
    const { body } = await prepare(spec, { doc: file('ä"\r\nX: y\u0000\u007f.png') });
    expect(String(body)).toContain('; filename="ä%22%0D%0AX: y%00%7F.png"\r\nContent-Type: text/plain\r\n\r\nhi\r\n');
    expect(await faultOf(spec, { doc: file('\ud800') })).toContain('`doc.filename` holds half of a surrogate pair');
    const typed = { body: { encoding: 'multipart' }, parameters: { page: textParameter('body', { content_type: 'text/html' }) } };
    expect(await faultOf(typed, { page: '\ud800' })).toContain('`page` holds half of a surrogate pair');
  });

  test('says the media type of a part, and writes an object in it as JSON', async () => {
    const about = { in: 'body', type: 'object', description: 'About.', content_type: 'application/json' };
    const { body } = await prepare({ body: { encoding: 'multipart' }, parameters: { about } }, { about: { a: [1] } });
    expect(String(body)).toContain('name="about"\r\nContent-Type: application/json\r\n\r\n{"a":[1]}\r\n');
  });
});

test('a JSON part and the bytes of a file are one body, and a file of a broken type is refused', async () => {
  const parameters = {
    name: textParameter('body'),
    folder: textParameter('body', { as: '/parents/0' }),
    file: { in: 'body', type: 'object', file: true, required: true, description: 'It.' },
  };
  const spec = { body: { encoding: 'related', content: 'file', constants: { starred: true } }, parameters };
  const file = { filename: 'a.png', content_type: 'image/png', base64: 'AAH/' };
  const { body, headers } = await prepare(spec, { name: 'ä', folder: 'f1', file });
  const boundary = /^multipart\/related; boundary=(\S+)$/.exec(headers['content-type'] as string)?.[1];
  const head = `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{"starred":true,"name":"ä","parents":["f1"]}\r\n--${boundary}\r\nContent-Type: image/png\r\n\r\n`;
  expect(body).toEqual(Buffer.concat([Buffer.from(head), Buffer.from([0, 1, 255]), Buffer.from(`\r\n--${boundary}--\r\n`)]));
  expect(await faultOf(spec, { file: { ...file, content_type: 'png\r\n' } })).toContain('`file.content_type` must be a media type');
});

describe('a header', () => {
  const header = (more: Record<string, unknown>) => ({
    parameters: { reason: { in: 'header', as: 'X-Reason', type: 'string', description: 'Why.', ...more } },
  });

  test('holds more than ASCII where the recipe says how', async () => {
    expect((await prepare(header({ header_encoding: 'percent' }), { reason: 'zu spät\r\n' })).headers['x-reason']).toBe(
      'zu%20sp%C3%A4t%0D%0A',
    );
    const json = await prepare(header({ header_encoding: 'json', type: 'object' }), { reason: { path: '/ä\n😀' } });
    expect(json.headers['x-reason']).toBe('{"path":"/\\u00e4\\n\\ud83d\\ude00"}');
    expect(JSON.parse(json.headers['x-reason'] as string)).toEqual({ path: '/ä\n😀' });
  });

  test('is refused otherwise', async () => {
    expect(await faultOf(header({}), { reason: 'spät' })).toContain('must hold printable ASCII');
    expect(await faultOf(header({ header_encoding: 'percent' }), { reason: '\ud800' })).toContain('half of a surrogate pair');
  });
});
