/** Signatures against the examples that AWS publishes: of its general reference (aws-sig-v4-test-suite) and of the object store. */
import { expect, it } from 'vitest';
import { injectCredential } from '../../src/domains/connections/credential/credential.ts';
import { auth as authFormat } from '../../src/domains/recipes/format/auth.ts';

interface Example {
  name: string;
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  signed: string;
  signature: string;
  /** The suite writes paths out, and signs them encoded once. */
  encoded?: 'once';
}

const suite: Example[] = [
  {
    name: 'get-vanilla',
    url: '/',
    signed: 'host;x-amz-date',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'get-vanilla-query',
    url: '/?Param1=value1',
    signed: 'host;x-amz-date',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    url: '/?Param2=value2&Param1=value1',
    signed: 'host;x-amz-date',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-utf8',
    encoded: 'once',
    url: '/ሴ',
    signed: 'host;x-amz-date',
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  {
    name: 'normalize-path/get-space',
    encoded: 'once',
    url: '/example space/',
    signed: 'host;x-amz-date',
    signature: '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    url: '/',
    signed: 'host;x-amz-date',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-vanilla-query',
    method: 'POST',
    url: '/?Param1=value1',
    signed: 'host;x-amz-date',
    signature: '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  },
  {
    name: 'get-header-key-duplicate',
    url: '/',
    headers: { 'my-header1': 'value2,value2,value1' },
    signed: 'host;my-header1;x-amz-date',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  {
    name: 'get-header-value-trim',
    url: '/',
    headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    signed: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signed: 'content-type;host;x-amz-date',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
];

const stored: Example[] = [
  {
    name: 'GET object',
    url: '/test.txt',
    headers: { range: 'bytes=0-9' },
    signed: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'GET bucket lifecycle',
    url: '/?lifecycle',
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'GET bucket (list objects)',
    url: '/?max-keys=2&prefix=J',
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

async function sign(recipe: object, key: { accessKeyId: string; secretAccessKey: string }, host: string, date: string, example: Example) {
  const auth = authFormat.parse({ type: 'signature_v4', how: 'Make one.', region: 'us-east-1', ...recipe });
  const injected = injectCredential(auth, { type: 'signature_v4', ...key }, { version: 1, variables: {} });
  const { method = 'GET', url, headers = {}, body } = example;
  const sent = { accept: '*/*', 'user-agent': 'skillett', ...headers };
  return injected.sign?.({ method, url: new URL(`https://${host}${url}`), headers: sent, body, nowMs: Date.parse(date) });
}

it.each(suite)('$name of the general examples has their signature', async (example) => {
  const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
  const recipe = { service: 'service', send_content_hash: false, path_encoding: example.encoded };
  const signed = await sign(recipe, key, 'example.amazonaws.com', '2015-08-30T12:36:00Z', example);
  expect(signed?.headers).toMatchObject({
    'x-amz-date': '20150830T123600Z',
    authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${example.signed}, Signature=${example.signature}`,
  });
  expect(signed?.headers).not.toHaveProperty('x-amz-content-sha256');
});

it.each(stored)('$name of the examples of the object store has their signature', async (example) => {
  const key = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
  const recipe = { service: 's3', path_encoding: 'once' };
  const signed = await sign(recipe, key, 'examplebucket.s3.amazonaws.com', '2013-05-24T00:00:00Z', example);
  expect(signed?.headers.authorization).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=${example.signed}, Signature=${example.signature}`,
  );
});

it('the worked example of the signing guide has its signature', async () => {
  const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
  const example = {
    name: 'ListUsers',
    url: '/?Action=ListUsers&Version=2010-05-08',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    signed: 'content-type;host;x-amz-date',
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  };
  const signed = await sign({ service: 'iam', send_content_hash: false }, key, 'iam.amazonaws.com', '2015-08-30T12:36:00Z', example);
  expect(signed?.headers.authorization).toContain(`SignedHeaders=${example.signed}, Signature=${example.signature}`);
});
