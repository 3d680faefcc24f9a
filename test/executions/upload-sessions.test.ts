/** Files that a service takes in parts: begun by a request of the account, sent to the address that its answer says, and to no other. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Upstream } from '../support/upstream.ts';
import { fileParameter, startUploadStand, type UploadStand } from './upload-stand.ts';

const part = 256 * 1024;
const content = randomBytes(2 * part + 1_000);
let stand: UploadStand;
let files: Upstream;
let elsewhere: Upstream;

beforeAll(async () => {
  const endpoint = {
    method: 'POST',
    path: '/files',
    parameters: {
      name: { in: 'body', type: 'string', description: 'Its name.', required: true },
      file: fileParameter,
    },
    example: { name: 'a', file: 'https://files.example/a' },
  };
  const sessionOf = (address: object, method: string, more: number[], hosts: string[]) => ({
    encoding: 'json',
    content: 'file',
    upload: {
      max_bytes: 10_000_000,
      session: { address, hosts, method, part_bytes: part, more, headers: { 'Content-Range': 'bytes {first}-{last}/{total}' } },
    },
  });
  stand = await startUploadStand({
    by_header: { ...endpoint, query: { kind: 'resumable' }, body: sessionOf({ header: 'Location' }, 'PUT', [308], ['up.example.org']) },
    by_body: { ...endpoint, body: sessionOf({ body: 'session.uploadUrl' }, 'PUT', [202], ['*.up.example.org']) },
  });
  ({ files, other: elsewhere } = stand);
});
afterAll(() => stand.close());

/** What the service has got by now. */
let kept: Buffer;
beforeEach(() => {
  for (const upstream of [stand.upstream, files, elsewhere]) upstream.reset();
  kept = Buffer.alloc(0);
  files.answer(200, { 'content-length': String(content.length) }, content);
  stand.upstream.play = ({ method, target, headers, body }, response) => {
    const json = { 'content-type': 'application/json' };
    if (method === 'POST') {
      const address = `${stand.upstream.origin}/session/7?token=a`;
      if (target.includes('resumable')) return void response.writeHead(200, { location: address }).end();
      return void response.writeHead(200, json).end(JSON.stringify({ session: { uploadUrl: address } }));
    }
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers['content-range'])) ?? [];
    expect([Number(first), Number(last) + 1]).toEqual([kept.length, kept.length + body.length]);
    kept = Buffer.concat([kept, body]);
    if (kept.length === Number(total)) return void response.writeHead(201, json).end('{"id":"f1"}');
    const more = target.endsWith('a') && stand.upstream.received[0]?.target.includes('resumable') ? 308 : 202;
    response.writeHead(more, { range: `bytes=0-${kept.length - 1}` }).end();
  };
});

const put = (endpoint: string, headers: Record<string, string> = {}) =>
  stand.rest(endpoint, { params: { name: 'a', file: `${files.origin}/a` } }, headers);
const refusalOf = async (endpoint = 'by_header') => {
  const { status, json } = await put(endpoint);
  return [status, json.error, json.message];
};

describe('a file in parts', () => {
  it.each(['by_header', 'by_body'])('arrives whole, %s, and the answer to the last part is the answer', async (endpoint) => {
    const answer = await put(endpoint);
    expect([answer.status, answer.json]).toEqual([201, { status: 201, data: { id: 'f1' } }]);
    expect(kept.equals(content)).toBe(true);
    const [begun, ...parts] = stand.upstream.received;
    expect(begun?.body.toString()).toBe('{"name":"a"}');
    expect(begun?.headers).toMatchObject({ authorization: 'Bearer secret-token', 'content-type': 'application/json' });
    expect(parts.map(({ method, headers }) => [method, headers['content-length'], headers['content-range']])).toEqual([
      ['PUT', String(part), `bytes 0-${part - 1}/${content.length}`],
      ['PUT', String(part), `bytes ${part}-${2 * part - 1}/${content.length}`],
      ['PUT', '1000', `bytes ${2 * part}-${content.length - 1}/${content.length}`],
    ]);
    // The address is its own credential, and whoever answers there gets no other.
    for (const { headers } of parts) expect(headers.authorization).toBeUndefined();
  });

  it('of one part, and one that ends where a part does', async () => {
    for (const length of [10, part, 2 * part]) {
      kept = Buffer.alloc(0);
      stand.upstream.received.length = 0;
      files.answer(200, { 'content-length': String(length) }, content.subarray(0, length));
      expect((await put('by_header')).status).toBe(201);
      expect(kept.equals(content.subarray(0, length))).toBe(true);
      expect(stand.upstream.received).toHaveLength(1 + Math.ceil(length / part));
    }
  });

  it('is sent once for an idempotency key', async () => {
    expect((await put('by_header', { 'idempotency-key': 'one' })).status).toBe(201);
    expect((await put('by_header', { 'idempotency-key': 'one' })).headers.get('idempotent-replayed')).toBe('true');
    expect(stand.upstream.received).toHaveLength(4);
  });
});

describe('what goes wrong is said, and ends the upload', () => {
  it('before it is begun: a file that does not say how long it is, is empty, is too long or is not there', async () => {
    files.play = (_request, response) => void response.writeHead(200).end(content);
    expect(await refusalOf()).toEqual([400, 'bad_request', expect.stringContaining('does not say how long it is')]);
    files.answer(200, { 'content-length': '0' });
    expect(await refusalOf()).toEqual([400, 'bad_request', expect.stringContaining('without content')]);
    files.answer(200, { 'content-length': '10000001' }, '');
    expect(await refusalOf()).toEqual([400, 'bad_request', expect.stringContaining('longer than 10000000 bytes')]);
    files.answer(404, {});
    expect(await refusalOf()).toEqual([400, 'bad_request', expect.stringContaining('status 404')]);
    expect(stand.upstream.received).toEqual([]);
  });

  it('when it is begun: the service’s own refusal, no address, and one that its recipe does not list', async () => {
    stand.upstream.json('{"message":"no"}', 403);
    expect((await put('by_header')).json).toEqual({ status: 403, error: { message: 'no' } });
    stand.upstream.json('{}');
    expect(await refusalOf()).toEqual([502, 'upstream_unexpected', expect.stringContaining('did not say where the upload goes')]);
    expect(await refusalOf('by_body')).toEqual([502, 'upstream_unexpected', expect.stringContaining('did not say where')]);
    for (const location of [
      `${elsewhere.origin}/x`,
      'https://evil.example.org/x',
      'http://up.example.org/x',
      'https://a:b@up.example.org/x',
    ]) {
      stand.upstream.answer(200, { location });
      expect(await refusalOf()).toEqual([502, 'upstream_unexpected', expect.stringContaining('does not list')]);
    }
    expect(elsewhere.received).toEqual([]);
    expect(stand.upstream.received.every(({ method }) => method === 'POST')).toBe(true);
  });

  it('on the way: a part that the service does not take, keeps half of, or that breaks off', async () => {
    const begin = stand.upstream.play;
    const failing = (status: number, headers: Record<string, string> = {}) => {
      stand.upstream.received.length = 0;
      stand.upstream.play = (request, response, incoming) =>
        request.method === 'POST' ? begin(request, response, incoming) : void response.writeHead(status, headers).end('{"a":1}');
    };
    failing(507, { 'content-type': 'application/json' });
    expect((await put('by_header')).json).toEqual({ status: 507, error: { a: 1 } });
    expect(stand.upstream.received).toHaveLength(2);
    failing(308, { range: 'bytes=0-99' });
    expect(await refusalOf()).toEqual([502, 'upstream_unexpected', expect.stringContaining('took less of the file')]);
    expect(stand.upstream.received).toHaveLength(2);
    stand.upstream.received.length = 0;
    stand.upstream.play = begin;
    files.play = (_request, response) => {
      response.writeHead(200, { 'content-length': String(content.length) });
      response.write(content.subarray(0, part + 10), () => setTimeout(() => response.destroy(), 200));
    };
    expect((await put('by_header')).status).toBeGreaterThanOrEqual(400);
    expect(kept.length).toBe(part);
  });
});
