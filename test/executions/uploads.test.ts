/** A file that the caller names by its address goes to the service while it arrives, and what is wrong with it ends in a sentence. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, type Upstream } from '../support/upstream.ts';
import { fileParameter, startUploadStand, type UploadStand } from './upload-stand.ts';

let stand: UploadStand;
let files: Upstream;
/** A host that the operator opened for integrations. */
let internal: Upstream;
const content = randomBytes(700_000);
const bytesMax = 1_000_000;

beforeAll(async () => {
  const upload = {
    method: 'POST',
    path: '/files/{name}',
    body: { encoding: 'raw', content: 'file', upload: { max_bytes: bytesMax } },
    headers: { 'X-Kind': 'file' },
    parameters: {
      name: { in: 'path', type: 'string', description: 'Its name.', required: true },
      file: fileParameter,
    },
    example: { name: 'a', file: 'https://files.example/a' },
  };
  stand = await startUploadStand({ upload, upload_quickly: { ...upload, timeout_ms: 1_000 } });
  ({ files, other: internal } = stand);
});
afterAll(() => stand.close());
beforeEach(() => {
  for (const upstream of [stand.upstream, files, internal]) upstream.reset();
  stand.upstream.json('{"ok":true}', 201);
  files.answer(200, { 'content-length': String(content.length) }, content);
});

const put = (file = `${files.origin}/a?x=1`, endpoint = 'upload', headers: Record<string, string> = {}) =>
  stand.rest(endpoint, { params: { name: 'a', file } }, headers);
const received = () => stand.upstream.received.map(({ target, body }) => [target, body.equals(content)]);

describe('a file by its address', () => {
  it('reaches the service byte for byte with its length, and nothing of the account reaches the address', async () => {
    const answer = await put(undefined, 'upload', { 'x-own': 'mine', cookie: 'a=b' });
    expect([answer.status, answer.json]).toEqual([201, { status: 201, data: { ok: true } }]);
    expect(received()).toEqual([['/files/a', true]]);
    expect(stand.upstream.received[0]?.headers).toMatchObject({
      'content-length': String(content.length),
      'content-type': 'application/octet-stream',
      'x-kind': 'file',
      authorization: 'Bearer secret-token',
    });
    expect(files.received.map(({ method, target }) => [method, target])).toEqual([['GET', '/a?x=1']]);
    expect(Object.keys(files.received[0]?.headers ?? {}).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent']);
  });

  it('of no announced length, and one that is packed, go in chunks', async () => {
    files.play = (_request, response) => void response.writeHead(200).end(content);
    await put();
    files.answer(200, { 'content-encoding': 'gzip' }, gzipSync(content));
    await put();
    expect(received()).toEqual([
      ['/files/a', true],
      ['/files/a', true],
    ]);
    expect(stand.upstream.received.map(({ headers }) => headers['transfer-encoding'])).toEqual(['chunked', 'chunked']);
  });

  it('is sent once for an idempotency key, over GraphQL too, and fetched after redirects of its own', async () => {
    files.play = ({ target }, response) =>
      target === '/a' ? void response.writeHead(302, { location: '/b' }).end() : void response.end(content);
    const query =
      'mutation ($p: JSON) { execute(integration: "desk", endpoint: "upload", params: $p, idempotencyKey: "up-1") { status replayed } }';
    const p = { name: 'a', file: `${files.origin}/a` };
    const answers = [await stand.server.graphql(query, { p }), await stand.server.graphql(query, { p })];
    expect(answers.map(({ json }) => json.data.execute)).toEqual([
      { status: 201, replayed: false },
      { status: 201, replayed: true },
    ]);
    expect(received()).toEqual([['/files/a', true]]);
  });
});

describe('what cannot be fetched is refused, and nothing is sent', () => {
  const refusals: [string, () => string, string][] = [
    ['no address', () => 'files/a', 'must be written as an absolute address'],
    ['a file here', () => 'file:///etc/passwd', 'must be an address of https'],
    ['a user name', () => 'https://a:b@files.example/', 'must be an address of https, without a user name'],
    ['plain HTTP', () => 'http://93.184.216.34/a', 'its address is none of https, or leads into a private'],
    ['a private address', () => 'https://10.0.0.1/a', 'leads into a private or local network'],
    ['a private address in other digits', () => 'https://0x7f.1/a', 'leads into a private or local network'],
    ['a local name', () => 'https://localhost/a', 'leads into a private or local network'],
    ["the service's own private address", () => `${stand.upstream.origin}/a`, 'leads into a private or local network'],
    ['a private address that is open for integrations', () => `${internal.origin}/a`, 'leads into a private or local network'],
    ['a redirect to where only integrations may go', () => `${files.origin}/internal`, 'leads into a private or local network'],
    ['a redirect into a private network', () => `${files.origin}/private`, 'leads into a private or local network'],
    ['a redirect to where only the service is', () => `${files.origin}/service`, 'leads into a private or local network'],
    ['redirects without end', () => `${files.origin}/loop`, 'its address answered with status 302'],
    ['nothing there', () => `${files.origin}/missing`, 'its address answered with status 404'],
    ['a part', () => `${files.origin}/part`, 'its address answered with status 206'],
    ['more than fits', () => `${files.origin}/long`, `it is longer than ${bytesMax} bytes`],
  ];
  it.each(refusals)('%s', async (_what, address, message) => {
    const place: Record<string, [number, Record<string, string>]> = {
      '/private': [302, { location: 'https://192.168.0.1/a' }],
      '/service': [302, { location: `${stand.upstream.origin}/a` }],
      '/internal': [302, { location: `${internal.origin}/a` }],
      '/loop': [302, { location: '/loop' }],
      '/missing': [404, {}],
      '/part': [206, {}],
      '/long': [200, { 'content-length': String(bytesMax + 1) }],
    };
    files.play = ({ target }, response) => {
      const [status, headers] = place[target] ?? [500, {}];
      response.writeHead(status, headers);
      if (target === '/long') response.write('x');
      else response.end();
    };
    const answer = await put(address());
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringContaining(message)]);
    expect([...stand.upstream.received, ...internal.received]).toEqual([]);
    await eventually(() => files.open.size === 0, 'the address was let go');
  });
});

describe('what goes wrong on the way ends the request to the service in its middle', () => {
  it.each<[string, Upstream['play'], string]>([
    [
      'more than fits, without a length',
      (_request, response) => {
        const more = () => response.write(content) && setImmediate(more);
        response.on('drain', more).writeHead(200);
        more();
      },
      'it is longer than it may be',
    ],
    [
      'less than was announced',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '900000' }).write(content);
        setTimeout(() => response.destroy(), 50);
      },
      'could not be fetched to its end',
    ],
    [
      'a bomb',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100 * 1024 * 1024))),
      'it is longer than it may be',
    ],
  ])('%s', async (_what, play, message) => {
    files.play = play;
    const answer = await put();
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringContaining(message)]);
    // Half of a request is none: it never ended.
    expect(stand.upstream.received).toEqual([]);
    await eventually(() => files.open.size === 0, 'the address was let go');
    files.answer(200, {}, content);
    expect((await put()).status).toBe(201);
  });

  it.each<[string, Upstream['play']]>([
    ['never answers', () => {}],
    [
      'never ends',
      (_request, response) => {
        const beat = setInterval(() => response.write('x'), 50);
        response.on('close', () => clearInterval(beat));
      },
    ],
  ])('an address that %s has its time, and no more', async (_what, play) => {
    files.play = play;
    const startedMs = performance.now();
    const answer = await put(undefined, 'upload_quickly');
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect([400, 409, 504]).toContain(answer.status);
    await eventually(() => files.open.size === 0, 'the address was let go');
    expect(stand.upstream.received).toEqual([]);
  });

  it('a client that leaves', async () => {
    files.play = (_request, response) => void response.writeHead(200).write(content);
    const leaving = new AbortController();
    const asked = fetch(`${stand.server.url}/v1/desk/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stand.server.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ params: { name: 'a', file: `${files.origin}/a` } }),
      signal: leaving.signal,
    }).catch(() => undefined);
    await eventually(() => files.open.size === 1, 'the address was asked');
    await delay(100);
    leaving.abort();
    await asked;
    await eventually(() => files.open.size === 0, 'the address was let go');
    expect(stand.upstream.received).toEqual([]);
  });
});
