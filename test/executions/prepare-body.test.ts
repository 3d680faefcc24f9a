import { describe, expect, test } from 'vitest';
import { textParameter } from './integration.ts';
import { prepare, refusalOf } from './prepare.ts';

describe('a JSON body', () => {
  const body = async (spec: Record<string, unknown>, params?: unknown) => {
    const prepared = await prepare({ method: 'POST', ...spec }, params);
    return prepared.body === undefined ? undefined : JSON.parse(String(prepared.body));
  };

  test("holds parameters under their own or the provider's names, and at JSON Pointers", async () => {
    const parameters = {
      a: textParameter('body'),
      b: textParameter('body', { as: 'bee' }),
      c: textParameter('body', { as: '/deep/er/c~1d~0' }),
      to: textParameter('body', { as: '/list/0/address' }),
      gone: { in: 'body', type: ['string', 'null'], description: 'G.' },
    };
    expect(await body({ parameters }, { a: '1', b: '2', c: '3', to: 'x@example.org', gone: null })).toEqual({
      a: '1',
      bee: '2',
      deep: { er: { 'c/d~': '3' } },
      list: [{ address: 'x@example.org' }],
      gone: null,
    });
  });

  test('can be one value', async () => {
    const parameters = { all: { in: 'body', type: 'array', items: { type: 'integer' }, description: 'All.', as: '', required: true } };
    const prepared = await prepare({ method: 'PUT', parameters }, { all: [1, 2] });
    expect(prepared.body).toBe('[1,2]');
    expect(prepared.headers['content-type']).toBe('application/json');
  });

  test('carries constants', async () => {
    expect(
      await body(
        {
          body: { encoding: 'json', constants: { kind: 'note', '/meta/v': 1 } },
          parameters: { a: textParameter('body', { as: '/meta/a' }) },
        },
        { a: 'x' },
      ),
    ).toEqual({ kind: 'note', meta: { v: 1, a: 'x' } });
  });

  test('of names that every object has stays data', async () => {
    const prepared = await prepare({ method: 'POST', parameters: { a: textParameter('body', { as: '/__proto__/polluted' }) } }, { a: 'x' });
    expect(prepared.body).toBe('{"__proto__":{"polluted":"x"}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('is an empty object where every part is optional, and absent from a GET, an empty DELETE and a write without parts', async () => {
    const parameters = { a: textParameter('body') };
    expect(await body({ parameters })).toEqual({});
    expect(await body({})).toBeUndefined();
    expect((await prepare({ method: 'DELETE', parameters })).body).toBeUndefined();
    expect((await prepare({ method: 'DELETE', parameters }, { a: 'x' })).body).toBe('{"a":"x"}');
    const get = await prepare({});
    expect(get.body).toBeUndefined();
    expect(get.headers).not.toHaveProperty('content-type');
  });
});

describe('a form', () => {
  test('is encoded as one', async () => {
    const prepared = await prepare(
      {
        method: 'POST',
        body: { encoding: 'form', constants: { v: '2' } },
        parameters: {
          a: textParameter('body', { as: 'a b' }),
          l: { in: 'body', type: 'array', items: { type: 'string' }, description: 'L.', array_style: 'brackets' },
        },
      },
      { a: 'x&y=é', l: ['1', '2'] },
    );
    expect(prepared.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(String(prepared.body))]).toEqual([
      ['v', '2'],
      ['a b', 'x&y=é'],
      ['l[]', '1'],
      ['l[]', '2'],
    ]);
  });

  // A list whose entries the recipe does not describe may hold anything.
  test.each(['form', 'multipart'])('refuses what no pair of name and text can carry: %s', async (encoding) => {
    const spec = {
      method: 'POST',
      body: { encoding },
      parameters: { l: { in: 'body', type: 'array', description: 'L.' } },
    };
    for (const value of [[{ price: 'p1' }], ['a', ['b']]])
      await expect(Promise.resolve().then(() => prepare(spec, { l: value }))).rejects.toMatchObject({
        code: 'bad_request',
        details: [{ path: 'params.l', message: expect.stringContaining('texts, numbers or booleans') }],
      });
    expect(String((await prepare(spec, { l: ['a', 1, true] })).body)).toContain('true');
  });

  test('is no different in the query', async () => {
    const spec = { parameters: { l: { in: 'query', type: 'array', description: 'L.' } } };
    await expect(Promise.resolve().then(() => prepare(spec, { l: [{ a: 1 }] }))).rejects.toMatchObject({ details: [{ path: 'params.l' }] });
    expect((await prepare(spec, { l: ['a', 'b'] })).url).toMatch(/\?l=a&l=b$/);
  });
});

describe('a multipart body', () => {
  const spec = {
    method: 'POST',
    body: { encoding: 'multipart', constants: { v: 2 } },
    parameters: {
      note: textParameter('body'),
      file: { in: 'body', type: 'object', description: 'F.', file: true, as: 'up"load' },
      l: { in: 'body', type: 'array', items: { type: 'string' }, description: 'L.' },
    },
  };

  test('carries texts and files that a standard reader takes apart again', async () => {
    const content = Buffer.from([0, 1, 2, 13, 10, 45, 45, 255]);
    const prepared = await prepare(spec, {
      note: 'é\r\n--x',
      file: { filename: 'a"b\r\n.bin', content_type: 'application/octet-stream', base64: content.toString('base64') },
      l: ['1', '2'],
    });
    const form = await new Response(new Uint8Array(prepared.body as Buffer), {
      headers: { 'content-type': prepared.headers['content-type'] as string },
    }).formData();
    expect([...form.keys()]).toEqual(['v', 'note', 'up"load', 'l', 'l']);
    expect(form.get('note')).toBe('é\r\n--x');
    expect(form.getAll('l')).toEqual(['1', '2']);
    const file = form.get('up"load') as File;
    expect(file.name).toBe('a"b\r\n.bin');
    expect(file.type).toBe('application/octet-stream');
    expect(Buffer.from(await file.arrayBuffer())).toEqual(content);
  });

  test.each(['text/plain\r\nX-Evil: 1', 'text', '', 'a/b/c', 'text/plain; a=\0'])('refuses %j as a media type', async (content_type) => {
    const error = await refusalOf(spec, { file: { filename: 'a', content_type, base64: '' } });
    expect(error.details?.[0]?.path).toBe('params.file.content_type');
  });

  test('carries a file of 20 MiB', async () => {
    const content = Buffer.alloc(20 * 1024 * 1024, 'abc');
    const prepared = await prepare(spec, { file: { filename: 'a', content_type: 'text/plain', base64: content.toString('base64') } });
    expect((prepared.body as Buffer).includes(content)).toBe(true);
  });

  test.each(['QUJD', 'QUI=', 'QUI', 'QQ==', 'QUJD\r\nQUJD', ''])('takes %j as base64', async (base64) => {
    await expect(prepare(spec, { file: { filename: 'a', content_type: 'text/plain', base64 } })).resolves.toBeDefined();
  });

  test.each(['!!!', 'QUJDR', 'QQ=', 'QUI==', 'Q=JD', 'QU-_'])('refuses %j, which is not base64', async (base64) => {
    const error = await refusalOf(spec, { file: { filename: 'a', content_type: 'text/plain', base64 } });
    expect(error.details).toEqual([{ path: 'params.file.base64', message: 'must be written as base64' }]);
  });
});

describe('a mail', () => {
  const mail = { to: textParameter('mail'), subject: textParameter('mail'), body: textParameter('mail', { as: 'text' }) };

  test('goes into its place of a JSON body, beside other parts', async () => {
    const prepared = await prepare(
      {
        method: 'POST',
        body: { encoding: 'mail', mail_at: '/message/raw' },
        parameters: { ...mail, thread: textParameter('body', { as: '/message/threadId' }) },
      },
      { to: 'a@example.org', subject: 'Grüße', body: 'Hallo', thread: 't1' },
    );
    const { message } = JSON.parse(String(prepared.body));
    expect(message.threadId).toBe('t1');
    expect(message.raw).toMatch(/^[A-Za-z0-9_-]+$/);
    const text = Buffer.from(message.raw, 'base64url').toString();
    expect(text).toMatch(/^To: a@example\.org\r$/m);
    expect(text).toContain('Hallo');
    expect(prepared.headers['content-type']).toBe('application/json');
  });

  test('is the whole body where the recipe names no place', async () => {
    const prepared = await prepare(
      { method: 'POST', body: { encoding: 'mail' }, parameters: mail },
      { to: 'a@example.org', subject: 'Hi', body: 'Hallo' },
    );
    expect(prepared.headers['content-type']).toBe('message/rfc822');
    expect(String(prepared.body)).toMatch(/^Subject: Hi\r$/m);
  });
});
