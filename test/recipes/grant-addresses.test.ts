/** Where a grant's token is asked for: where the operator says, wherever that is, or else where the outbound rules allow. */

import { generateKeyPairSync } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';
import { hardRecipes } from './hard-stand.ts';

let upstream: Upstream;
let moved: TestServer;
let asInRecipe: TestServer;

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const client = { client_id: 'c', client_secret: 's', account_id: 'a' };
const app = { private_key: key, app: '7', installation: '42' };
const signing = { access_key_id: 'AKID', secret_access_key: 's', region: 'eu-central-1' };

/** Every host of the world is at a private address. */
const toLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) (callback as unknown as (error: null, found: unknown) => void)(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

beforeAll(async () => {
  upstream = await Upstream.start();
  moved = await startTestServer({
    env: {
      SKILLETT_RECIPES: hardRecipes,
      SKILLETT_ZOOM_TOKEN_URL: `${upstream.origin}/elsewhere/token`,
      SKILLETT_ZOOM_BASE_URL: `${upstream.origin}/zoom`,
      SKILLETT_GITHUB_APP_BASE_URL: `${upstream.origin}/enterprise`,
      SKILLETT_AWS_S3_BASE_URL: `${upstream.origin}/store`,
    },
  });
  asInRecipe = await startTestServer({ env: { SKILLETT_RECIPES: hardRecipes }, lookup: toLoopback });
});
beforeEach(() => {
  upstream.reset();
  upstream.json('{"access_token":"at","token":"ghs_1","id":"u1","account_id":"1","email":"ada"}');
});
afterAll(async () => {
  await moved.close();
  await asInRecipe.close();
  await upstream.close();
});

const connect = (server: TestServer, integration: string, credentials: object) =>
  server.request('POST', '/v1/connect', { body: { integration, credentials } });

it.each([
  ['zoom', client, ['/elsewhere/token', '/zoom/users/me']],
  ['github_app', app, ['/enterprise/app/installations/42/access_tokens']],
  ['aws_s3', signing, ['/store/?max-buckets=1']],
])('%s is asked where the operator says, at a private address too', async (slug, credentials, targets) => {
  expect((await connect(moved, slug, credentials)).json).toMatchObject({ status: 'connected' });
  expect(upstream.received.map(({ target }) => target)).toEqual(targets);
});

it.each([
  ['zoom', client],
  ['github_app', app],
  ['aws_s3', signing],
  [
    'google_pubsub',
    { key_file: JSON.stringify({ private_key: key, project_id: 'plans', client_email: 'a@b.example', private_key_id: '0a' }) },
  ],
])('%s gets no credential at a private address that only a name leads to', async (slug, credentials) => {
  const refused = await connect(asInRecipe, slug, credentials);
  expect([refused.status, refused.json.error]).toEqual([502, expect.stringMatching(/^upstream_/)]);
  expect(upstream.received).toEqual([]);
  expect((await asInRecipe.request('GET', '/v1/connect')).json.connections).toEqual([]);
});
