import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jsonBytesMax, readJsonBody, toText, wholeBytesMax } from '../../src/core/json/json-body.ts';
import { RawJson, spliceJson, writeSpliced } from '../../src/core/json/raw-json.ts';
import { Outbound, type OutboundAnswer } from '../../src/core/outbound/outbound.ts';
import { drained, eventually, Upstream } from '../support/upstream.ts';

let upstream: Upstream;
let outbound: Outbound;
/** A server that passes the upstream's body on inside an envelope, as the doors do. */
const relay = createServer(async (request, response) => {
  const options = { ...relayOptions, makeRoom };
  const ask = async () =>
    readJsonBody(
      await outbound.send({
        method: 'GET',
        url: new URL(upstream.origin),
        headers: {},
        timeoutMs: 5_000,
        integration: 'sandbox',
        turnOf: 'ada',
      }),
      options,
    );
  try {
    const data = await ask();
    const value = request.url === '/twice' ? { a: data, b: data } : request.url === '/two' ? [await ask(), data] : { status: 200, data };
    await writeSpliced(response, value, (bytes) => bytes !== undefined && response.setHeader('content-length', bytes));
  } catch (error) {
    response.writeHead(502).end((error as Error).message);
  }
});
let relayOptions = { charset: undefined as string | undefined, wholeBytesMax };
const makeRoom = async () => {};
const relayUrl = () => `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;

async function relayed(path = '/'): Promise<string> {
  return (await fetch(relayUrl() + path)).text();
}

/** An answer that has arrived in pieces, the first long enough to tell how it begins. */
function inPieces(body: Buffer, cuts: readonly number[]): OutboundAnswer {
  const ends = [...cuts.map((cut) => 1_100 + cut), body.length].sort((a, b) => a - b);
  const pieces = ends.map((end, at) => body.subarray(ends[at - 1] ?? 0, end)).filter((piece) => piece.length > 0);
  return { integration: 'sandbox', status: 200, headers: {}, gather: async () => pieces } as unknown as OutboundAnswer;
}

beforeAll(async () => {
  upstream = await Upstream.start();
  outbound = new Outbound({ allow: ['127.0.0.1'] });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  relay.closeAllConnections();
  await new Promise((resolve) => relay.close(resolve));
  await outbound.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.reset();
  relayOptions = { charset: undefined, wholeBytesMax };
});

describe('a JSON body', () => {
  test.each([
    ['numbers beyond 2^53, odd spacing and the order of keys', '{ "b":12345678901234567890,\n\t"a": 1.0e2 , "b": null}'],
    ['an array', '[1,2,[]]'],
    ['white space around it', ' \r\n {"a":1}\n'],
    ['escapes and non-ASCII text', '{"é":"\\u00e9\\/😀"}'],
    ['a string', '"text"'],
    ['a number', '-1.50'],
    ['null', 'null'],
  ])('is passed on byte for byte: %s', async (_what, body) => {
    upstream.json(body);
    expect(await relayed()).toBe(`{"status":200,"data":${body}}`);
  });

  test('of any content is passed on byte for byte, whatever the envelope', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.string(), async (body, text) => {
        const parts = spliceJson({ text, [text]: [RawJson.fromBytes(Buffer.from(body))], end: text });
        const printed = parts.map((part) => (typeof part === 'string' ? part : String(part.pieces))).join('');
        expect(printed).toBe(JSON.stringify({ text, [text]: [0], end: text }).replace('[0]', () => `[${body}]`));
      }),
    );
  });

  test('that is empty becomes null', async () => {
    upstream.json('');
    expect(await relayed()).toBe('{"status":200,"data":null}');
  });

  test('loses its byte-order mark', async () => {
    upstream.json('\ufeff{"a":"é"}');
    expect(await relayed()).toBe('{"status":200,"data":{"a":"é"}}');
  });

  test('in another charset arrives in UTF-8', async () => {
    upstream.answer(200, {}, Buffer.from('{"a":"é"}', 'latin1'));
    relayOptions = { charset: 'iso-8859-1', wholeBytesMax };
    expect(await relayed()).toBe('{"status":200,"data":{"a":"é"}}');
    relayOptions = { charset: 'no-such-charset', wholeBytesMax };
    expect(await relayed()).toBe('{"status":200,"data":{"a":"\ufffd"}}');
    relayOptions = { charset: undefined, wholeBytesMax };
    upstream.answer(200, {}, Buffer.from('\ufeff{"a":"é"}', 'utf16le'));
    expect(await relayed()).toBe('{"status":200,"data":{"a":"é"}}');
  });

  test('with bytes that are not UTF-8 arrives as valid UTF-8', async () => {
    upstream.answer(200, {}, Buffer.from([...Buffer.from('{"a":"'), 0xff, 0xc3, ...Buffer.from('"}')]));
    expect(await relayed()).toBe('{"status":200,"data":{"a":"\ufffd\ufffd"}}');
  });

  test.each([['<html>"oops"</html>'], ['{"a":1'], ['{"a":1]'], ['[1,2}'], ['"open'], ['"a"b"'], ['nul'], ['1 2'], ['   '], ['}{'], ['OK']])(
    'that is none arrives as a JSON string: %s',
    async (body) => {
      upstream.json(body);
      expect(JSON.parse(await relayed())).toEqual({ status: 200, data: body });
    },
  );

  test('that would write into the envelope arrives as a JSON string, or breaks off where it shows late', async () => {
    for (const body of [
      '{"a":1},"status":200,"ok":{}',
      '{"x":1}},"bank":{"status":200,"data":{"balance":"FORGED"}}},"junk":{"k":{"y":{}',
      '[1],[2]',
      '{"a":1}{"b":2}',
      '{"a":"\u0001"}',
      '{"a":{"b":1}',
      '[1,2,]',
    ]) {
      upstream.json(body);
      expect(JSON.parse(await relayed())).toEqual({ status: 200, data: body });
    }
    const long = JSON.stringify({ a: 'x'.repeat(2 * wholeBytesMax) });
    upstream.json(long);
    expect(await relayed()).toBe(`{"status":200,"data":${long}}`);
    upstream.json(`${long},"injected":{}`);
    await expect(relayed()).rejects.toThrow();
    relayOptions = { charset: undefined, wholeBytesMax: jsonBytesMax };
    expect(JSON.parse(await relayed()).data).toBe(`${long},"injected":{}`);
  });

  test('in UTF-8 is that whatever its charset says', async () => {
    upstream.json('{"a":"é"}');
    relayOptions = { charset: 'iso-8859-1', wholeBytesMax };
    expect(await relayed()).toBe('{"status":200,"data":{"a":"é"}}');
  });

  test('is the same in however many pieces it came, and text when it does not end as it began', async () => {
    const start = `{"start":"${'ü'.repeat(600)}",`;
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.nat(2_000), { maxLength: 5 }),
        fc.boolean(),
        async (text, cuts, mark) => {
          const body = `${start}"end":${JSON.stringify(text.repeat(200))}}`;
          const json = Buffer.from((mark ? '\ufeff' : '') + body);
          const read = async (bytes: Buffer) =>
            String(await (await readJsonBody(inPieces(bytes, cuts), { ...relayOptions, makeRoom })).load());
          expect(await read(json)).toBe(body);
          expect(JSON.parse(await read(json.subarray(0, -1)))).toBe(body.slice(0, -1));
        },
      ),
    );
  });

  test('tells its length when it is short', async () => {
    upstream.json('{"é":1}');
    const answer = await fetch(relayUrl());
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength('{"status":200,"data":{"é":1}}')));
  });
});

describe('a long JSON body', () => {
  const long = JSON.stringify(Array.from({ length: 40_000 }, (_, at) => ({ at, text: '😀é'.repeat(at % 7) })));

  test('is streamed byte for byte, characters split between chunks included', async () => {
    upstream.play = async (_request, response) => {
      const bytes = Buffer.from(`\ufeff${long}\n`);
      for (let at = 0; at < bytes.length; at += 9_973) {
        response.write(bytes.subarray(at, at + 9_973));
        if (at % 17 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
    expect(Buffer.byteLength(long)).toBeGreaterThan(4 * wholeBytesMax);
    expect(await relayed()).toBe(`{"status":200,"data":${long}\n}`);
  });

  test('can stand beside others, and twice', async () => {
    upstream.json(long);
    expect(await relayed('/two')).toBe(`[${long},${long}]`);
    expect(await relayed('/twice')).toBe(`{"a":${long},"b":${long}}`);
  });

  test('in another charset arrives in UTF-8', async () => {
    const text = JSON.stringify({ a: 'é'.repeat(wholeBytesMax) });
    upstream.answer(200, {}, Buffer.from(text, 'latin1'));
    relayOptions = { charset: 'latin1', wholeBytesMax };
    expect(await relayed()).toBe(`{"status":200,"data":${text}}`);
  });

  test('that is none arrives as a JSON string', async () => {
    const text = `<html>${'x'.repeat(wholeBytesMax)}</html>`;
    upstream.json(text);
    expect(JSON.parse(await relayed()).data).toBe(text);
  });

  test.each([
    ['ends wrongly', (body: string) => body.slice(0, -1)],
    ['ends in the middle of a character', (body: string) => Buffer.concat([Buffer.from(body), Buffer.from([0xf0, 0x9f])])],
  ])('that %s never looks complete', async (_what, spoil) => {
    upstream.answer(200, { 'content-type': 'application/json' }, spoil(long));
    await expect(relayed()).rejects.toThrow();
  });

  test('whose connection breaks never looks complete', async () => {
    upstream.play = (_request, response) => {
      response.writeHead(200, { 'content-length': String(long.length * 2) });
      response.write(long.slice(0, -1), () => setTimeout(() => response.destroy(), 50));
    };
    await expect(relayed()).rejects.toThrow();
  });

  test('above 50 MiB is refused when it says so, and breaks off when it does not', async () => {
    const row = Buffer.from(`"${'x'.repeat(1024 * 1024)}",`);
    const rows = async (response: ServerResponse) => {
      response.write('[');
      for (let at = 0; at < 51 && !response.destroyed; at += 1) if (!response.write(row)) await drained(response);
      response.end('0]');
    };
    upstream.play = async (_request, response) => {
      response.writeHead(200, { 'content-length': String(51 * row.length + 3) });
      await rows(response);
    };
    const answer = await fetch(relayUrl());
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain('50 MiB');
    expect(51 * row.length).toBeGreaterThan(jsonBytesMax);
    upstream.play = (_request, response) => rows(response);
    await expect(relayed()).rejects.toThrow();
    await eventually(() => upstream.open.size === 0, 'the service is let go');
  });

  test('is taken from the service no faster than the client takes it, and let go when the client leaves', async () => {
    let sentBytes = 0;
    upstream.play = async (_request, response) => {
      response.write('[');
      const chunk = Buffer.from(`${'0,'.repeat(32 * 1024)}`);
      while (!response.destroyed && sentBytes < 45 * 1024 * 1024) {
        sentBytes += chunk.length;
        if (!response.write(chunk)) await drained(response);
      }
    };
    const incoming = await new Promise<IncomingMessage>((resolve) => get(relayUrl(), resolve));
    incoming.on('error', () => {});
    incoming.pause();
    let before = -1;
    while (before !== sentBytes) {
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // What is under way sits in the sockets' buffers of the kernel, four of them, a few MiB each at most.
    expect(sentBytes).toBeGreaterThan(wholeBytesMax);
    expect(sentBytes).toBeLessThan(30 * 1024 * 1024);
    incoming.destroy();
    await eventually(() => upstream.open.size === 0, 'the service is let go');
  });
});

describe('a printed value', () => {
  test('without raw JSON is what JSON.stringify prints', () => {
    const value = { a: [1, 'é', null], b: { c: true } };
    expect(spliceJson(value)).toEqual([JSON.stringify(value)]);
  });

  test('with raw JSON among its members, and text beyond ASCII, is the same whether it is flat or not', () => {
    const raw = RawJson.fromBytes(Buffer.from('{"ü":1}'));
    const value = { status: 200, 'ä"': 'ö', left: undefined, data: raw, none: null, again: raw };
    const print = (printed: unknown) =>
      spliceJson(printed)
        .map((part) => (typeof part === 'string' ? part : String(part.pieces)))
        .join('');
    const flat = '{"status":200,"ä\\"":"ö","data":{"ü":1},"none":null,"again":{"ü":1}}';
    expect(print(value)).toBe(flat);
    expect(print([value])).toBe(`[${flat}]`);
    expect(print({})).toBe('{}');
  });

  test('never shows the marker outside of the writer', () => {
    expect(JSON.stringify({ data: RawJson.fromValue(1) })).toBe('{"data":"[raw JSON]"}');
  });

  test('of undefined is null', () => {
    expect(String(RawJson.fromValue(undefined).pieces)).toBe('null');
  });
});

describe('text', () => {
  test('is read in its charset, its byte-order mark, UTF-8 or windows-1252', () => {
    expect(toText(Buffer.from('é€'), undefined)).toBe('é€');
    expect(toText(Buffer.from('\ufeffé'), undefined)).toBe('é');
    expect(toText(Buffer.from('\ufeffé', 'utf16le'), undefined)).toBe('é');
    expect(toText(Buffer.from([0xe9, 0x80]), undefined)).toBe('é€');
    expect(toText(Buffer.from([0xa4]), 'iso-8859-15')).toBe('€');
    expect(toText(Buffer.from('é'), 'utf-8')).toBe('é');
  });
});
