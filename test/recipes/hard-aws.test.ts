/** Services that take no credential but a signature of each request: an object store, and an API of JSON. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HardStand, linesOf, startHardStand } from './hard-stand.ts';
import { checkSignature } from './signature-check.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: secret };
let s3: HardStand;
let ses: HardStand;

beforeAll(async () => {
  s3 = await startHardStand('aws_s3', ['s3.eu-central-1.amazonaws.com', 'evil.example']);
  ses = await startHardStand('aws_ses', ['email.us-east-1.amazonaws.com', 'email.eu-west-1.amazonaws.com']);
});
beforeEach(async () => {
  for (const stand of [s3, ses]) {
    const { connections } = (await stand.server.request('GET', '/v1/connect')).json;
    for (const { connection_id: id } of connections) await stand.server.request('DELETE', `/v1/connect/${id}`);
    stand.upstream.reset();
    stand.server.gateway.clock.offsetMs = 0;
  }
  s3.upstream.answer(200, { 'content-type': 'application/xml' }, '<ok/>');
  ses.upstream.json('{"SendingEnabled":true}');
});
afterAll(async () => {
  await s3.close();
  await ses.close();
});

const connectS3 = (more: object = {}) =>
  s3.server.request('POST', '/v1/connect', { body: { integration: 'aws_s3', credentials: { ...keys, region: 'eu-central-1', ...more } } });
const connectSes = (more: object = {}) =>
  ses.server.request('POST', '/v1/connect', { body: { integration: 'aws_ses', credentials: { ...keys, ...more } } });
const call = (stand: HardStand, endpoint: string, params: object) => stand.server.request('POST', `/v1/${endpoint}`, { body: { params } });

/** Checks every request that arrived, and gives what was signed of the last. */
function lastSigned(stand: HardStand) {
  const checked = stand.upstream.received.map((request) => checkSignature(request, secret, stand === s3));
  expect(checked.map(({ isGood }) => isGood)).toEqual(checked.map(() => true));
  expect(checked.length).toBeGreaterThan(0);
  return checked.at(-1);
}

describe('an object store', () => {
  it('is connected by a signed call, whose XML nobody has to read, and the secret never travels', async () => {
    expect((await connectS3()).json).toMatchObject({ status: 'connected' });
    expect(lastSigned(s3)).toMatchObject({ signedHeaders: ['host', 'x-amz-content-sha256', 'x-amz-date'] });
    expect(s3.asked()).toEqual(['GET s3.eu-central-1.amazonaws.com/?max-buckets=1']);
    const { connections } = (await s3.server.request('GET', '/v1/connect')).json;
    expect(connections).toMatchObject([{ account: 'AKIDEXAMPLE', auth_type: 'signature_v4', variables: { region: 'eu-central-1' } }]);
    expect(JSON.stringify(s3.upstream.received.map(linesOf))).not.toContain(secret.slice(0, 10));
  });

  it.each([
    ['2026/plan.txt', '/plans/2026/plan.txt'],
    ["a b+c(d)!'*.txt", '/plans/a%20b%2Bc%28d%29%21%27%2A.txt'],
    ['ሴ/ü~_.-', '/plans/%E1%88%B4/%C3%BC~_.-'],
    ['50%/a=b&c', '/plans/50%25/a%3Db%26c'],
    ['{region}', '/plans/%7Bregion%7D'],
    ['%2e%2e', '/plans/%252e%252e'],
  ])('an object called %s is asked for as what is signed', async (key, path) => {
    await connectS3();
    const answer = await call(s3, 'aws_s3/get_object', { bucket: 'plans', key, range: 'bytes=0-9' });
    expect(answer.status).toBe(200);
    expect(s3.upstream.received.at(-1)?.target).toBe(path);
    expect(lastSigned(s3)).toMatchObject({
      scope: ['AKIDEXAMPLE', expect.any(String), 'eu-central-1', 's3', 'aws4_request'],
      signedHeaders: ['host', 'range', 'x-amz-content-sha256', 'x-amz-date'],
    });
  });

  it.each(['..', '../other', 'a/../../other/x', '.', 'a/./b', 'a//b', ''])('an object called %s leads to no other bucket', async (key) => {
    await connectS3();
    s3.upstream.received.length = 0;
    const { status } = await call(s3, 'aws_s3/get_object', { bucket: 'plans', key });
    const targets = s3.upstream.received.map(({ target }) => target);
    expect([status, targets]).toEqual([400, []]);
  });

  it.each([
    [{ prefix: 'a b/+&=', delimiter: '/' }, '/plans?list-type=2&prefix=a%20b%2F%2B%26%3D&delimiter=%2F'],
    [{ prefix: "(it's)*!" }, '/plans?list-type=2&prefix=%28it%27s%29%2A%21'],
    [{ prefix: '' }, '/plans?list-type=2&prefix='],
    [{ prefix: '%20' }, '/plans?list-type=2&prefix=%2520'],
  ])('a list with %j is signed by its canonical query', async (params, target) => {
    await connectS3();
    await call(s3, 'aws_s3/list_objects', { bucket: 'plans', ...params });
    expect(s3.upstream.received.at(-1)?.target).toBe(target);
    lastSigned(s3);
  });

  it('an object is written with the hash of all its bytes, whatever they are', async () => {
    await connectS3();
    const bytes = Buffer.alloc(3_000_001, 'ü\0');
    const file = { filename: 'a.bin', content_type: 'application/octet-stream', base64: bytes.toString('base64') };
    expect((await call(s3, 'aws_s3/put_object', { bucket: 'plans', key: 'a.bin', file, note: '  two   words ' })).status).toBe(200);
    expect(s3.upstream.received.at(-1)?.body.equals(bytes)).toBe(true);
    expect(lastSigned(s3)).toMatchObject({
      signedHeaders: ['content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-meta-note'],
    });
  });

  it('no header can be added by the value of another', async () => {
    await connectS3();
    s3.upstream.received.length = 0;
    const file = { filename: 'a', content_type: 'text/plain', base64: 'aGk=' };
    for (const note of ['a\r\nx-amz-acl: public-read', 'a\nb', '\u0000'])
      expect((await call(s3, 'aws_s3/put_object', { bucket: 'plans', key: 'a', file, note })).status).toBe(400);
    expect(s3.upstream.received).toEqual([]);
  });

  it('a read that is tried again is signed for the time of that', async () => {
    await connectS3();
    s3.upstream.received.length = 0;
    s3.upstream.play = (_request, response) => {
      const isFirst = s3.upstream.received.length === 1;
      // Ten minutes pass between the attempts.
      if (isFirst) s3.server.gateway.clock.offsetMs = 600_000;
      response.writeHead(isFirst ? 503 : 200).end();
    };
    expect((await call(s3, 'aws_s3/get_object', { bucket: 'plans', key: 'a' })).status).toBe(200);
    const dates = s3.upstream.received.map((request) => checkSignature(request, secret, true).date);
    lastSigned(s3);
    expect(dates.length).toBe(2);
    const [first, second] = dates.map((date) => Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'))) as [
      number,
      number,
    ];
    expect(second - first).toBeGreaterThanOrEqual(599_000);
  });

  it('a proxied call is signed as any other, and says nothing of its own about that', async () => {
    await connectS3();
    const headers = {
      'X-Amz-Date': '20000101T000000Z',
      x_amz_content_sha256: 'UNSIGNED-PAYLOAD',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-acl': 'private',
    };
    const query = { 'X-Amz-Signature': 'abc', 'X-Amz-Credential': 'other', tagging: '' };
    const answer = await s3.server.request('POST', '/v1/proxy/aws_s3', {
      body: { method: 'PUT', path: '/plans/a.txt', query, headers, body: 'hi' },
    });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('200')]);
    expect(s3.upstream.received.at(-1)?.target).toBe('/plans/a.txt?tagging=');
    expect(lastSigned(s3)).toMatchObject({ signedHeaders: ['content-type', 'host', 'x-amz-acl', 'x-amz-content-sha256', 'x-amz-date'] });
  });

  it('a redirect takes no signature to another host', async () => {
    await connectS3();
    s3.upstream.received.length = 0;
    s3.upstream.answer(307, { location: `http://evil.example:${s3.upstream.port}/plans/a` });
    await call(s3, 'aws_s3/get_object', { bucket: 'plans', key: 'a' });
    expect(s3.asked()).toEqual(['GET s3.eu-central-1.amazonaws.com/plans/a']);
  });

  it.each([403, 401])('a key that is refused with %i is rejected, and nothing of the secret is said', async (status) => {
    s3.upstream.answer(status, {}, '<Error><Code>SignatureDoesNotMatch</Code></Error>');
    const refused = await connectS3({ access_key_id: `AKID${status}` });
    expect([refused.status, refused.json.error]).toEqual([400, 'credential_rejected']);
    expect(refused.text + s3.server.log.join('\n')).not.toContain(secret.slice(0, 10));
    const { connections } = (await s3.server.request('GET', '/v1/connect')).json;
    expect(JSON.stringify(connections)).not.toContain(`AKID${status}`);
  });

  it.each(['evil.example/', 'eu-central-1.evil.example', 'eu-central-1/us-east-1', ''])(
    'the region %j is refused before anything is signed',
    async (region) => {
      const refused = await connectS3({ region });
      expect([refused.status, refused.json.details]).toEqual([400, [{ path: 'credentials.region', message: expect.any(String) }]]);
      expect(s3.upstream.received).toEqual([]);
    },
  );

  it('is asked for in a form, and kept sealed', async () => {
    const query = '{ integration(slug: "aws_s3") { connectMethods { type fields { name secret required multiline } } } }';
    expect((await s3.server.graphql(query)).json.data.integration.connectMethods).toEqual([
      {
        type: 'SIGNATURE_V4',
        fields: [
          { name: 'access_key_id', secret: false, required: true, multiline: false },
          { name: 'secret_access_key', secret: true, required: true, multiline: false },
          { name: 'region', secret: false, required: true, multiline: false },
        ],
      },
    ]);
    await connectS3();
    const { db } = s3.server.gateway;
    const rows = await Promise.all([db.selectFrom('connections').selectAll().execute(), db.selectFrom('auditRows').selectAll().execute()]);
    expect(JSON.stringify(rows)).toContain('AKIDEXAMPLE');
    expect(JSON.stringify(rows) + s3.server.log.join('\n')).not.toContain(secret.slice(0, 10));
  });
});

describe('an API of JSON', () => {
  it('has its body signed, and its path by the other rule', async () => {
    expect((await connectSes({ region: 'eu-west-1' })).json).toMatchObject({ status: 'connected' });
    expect((await call(ses, 'aws_ses/send_mail', { from: 'ada@acme.example', text: 'Grüße' })).status).toBe(200);
    expect(lastSigned(ses)).toMatchObject({
      scope: ['AKIDEXAMPLE', expect.any(String), 'eu-west-1', 'ses', 'aws4_request'],
      signedHeaders: ['content-type', 'host', 'x-amz-date'],
    });
    const lines = linesOf(ses.upstream.received.at(-1) as never).filter((line) => !/^(authorization|x-amz-date): /.test(line));
    expect(lines).toEqual(
      [
        'POST /v2/email/outbound-emails',
        'host: email.eu-west-1.amazonaws.com',
        'accept-encoding: identity',
        'accept: */*',
        'content-length: 98',
        'content-type: application/json',
        'user-agent: skillett',
        '{"FromEmailAddress":"ada@acme.example","Content":{"Simple":{"Body":{"Text":{"Data":"Grüße"}}}}}',
      ].map((line) => (line.startsWith('content-length') ? `content-length: ${ses.upstream.received.at(-1)?.body.length}` : line)),
    );
  });

  it.each([
    ['ada@acme.example', '/v2/email/identities/ada%40acme.example'],
    ['a b/c(d)%', '/v2/email/identities/a%20b%2Fc%28d%29%25'],
  ])('an identity called %s is signed in the form that is sent', async (identity, target) => {
    await connectSes();
    await call(ses, 'aws_ses/get_identity', { identity });
    expect(ses.upstream.received.at(-1)?.target).toBe(target);
    expect(lastSigned(ses)?.scope[2]).toBe('us-east-1');
  });
});
