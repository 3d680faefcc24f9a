/** What the recipe format can say about a provider although no bundled recipe says it, by a recipe of the operator's own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../support/consent-link.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { Upstream } from '../support/upstream.ts';

let folder: string;
let upstream: Upstream;
let server: TestServer;

beforeAll(async () => {
  upstream = await Upstream.start();
  folder = await mkdtemp(path.join(tmpdir(), 'skillett-own-recipe-'));
  await mkdir(path.join(folder, 'letters'));
  const recipe = {
    slug: 'letters',
    name: 'Letters',
    version: '1.0.0',
    description: 'Keeps letters.',
    category: 'communication',
    documentation_url: 'https://letters.example/',
    base_url: upstream.origin,
    auth: [
      {
        type: 'oauth2',
        authorize_url: `${upstream.origin}/authorize`,
        token_url: `${upstream.origin}/token`,
        register: { url: 'https://letters.example/apps', how: 'Make an app.' },
        scopes: { read: { description: 'Read letters.' }, profile: { description: 'Who it is.' } },
        always_scopes: ['profile'],
        scope_parameter: 'user_scope',
        scope_separator: ',',
        bearer_prefix: 'Token ',
        revocation: { url: `${upstream.origin}/revoke`, style: 'query' },
      },
    ],
    verify: { path: '/me', account: { id: 'id', label: 'name' } },
  };
  const letters = {
    resource: 'letters',
    description: 'Letters.',
    endpoints: {
      list_letters: {
        method: 'GET',
        path: '/letters',
        description: 'List letters.',
        provider_scopes: ['read'],
        parameters: { from: { in: 'query', type: 'integer', description: 'How many to skip.' } },
        pagination: { style: 'offset', parameter: 'from' },
        answer: 'Letters.',
        example: { from: 20 },
      },
    },
  };
  await writeFile(path.join(folder, 'letters/recipe.json'), JSON.stringify(recipe));
  await writeFile(path.join(folder, 'letters/letters.json'), JSON.stringify(letters));
  server = await startTestServer({
    env: {
      PUBLIC_URL: 'https://gateway.example',
      SKILLETT_RECIPES: folder,
      SKILLETT_OUTBOUND_ALLOW: `127.0.0.1:${upstream.port}`,
      SKILLETT_LETTERS_CLIENT_ID: 'the-client',
      SKILLETT_LETTERS_CLIENT_SECRET: 'secret',
    },
  });
});

afterAll(async () => {
  await server.close();
  await upstream.close();
  await rm(folder, { recursive: true, force: true });
});

it('names its scopes, its token and the way to end it as its provider wants them', async () => {
  const answers: Record<string, unknown> = {
    '/token': { access_token: 'at-1', token_type: 'bearer' },
    '/me': { id: 7, name: 'ada' },
    '/letters': ['dear'],
    '/revoke': {},
  };
  upstream.play = ({ target }, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers[target.split('?')[0] as string]));
  const started = await server.request('POST', '/v1/connect', { body: { integration: 'letters' } });
  const { url: link, comeBack } = await openLink(server, started.json.oauth_url);
  expect(link.searchParams.get('user_scope')?.split(',').sort()).toEqual(['profile', 'read']);
  expect(link.searchParams.has('scope')).toBe(false);
  await comeBack({ code: 'c' });
  const connected = await server.request('GET', `/v1/connect/${started.json.connection_id}`);
  expect(connected.json).toEqual({ status: 'connected', integration: 'letters' });

  const called = await server.request('POST', '/v1/letters/list_letters', { body: { params: { from: 20 } } });
  expect(called.text).toBe('{"status":200,"data":["dear"]}');
  const sent = upstream.received.filter(({ target }) => target.startsWith('/me') || target.startsWith('/letters'));
  expect(sent.map(({ target, headers }) => [target, headers.authorization])).toEqual([
    ['/me', 'Token at-1'],
    ['/letters?from=20', 'Token at-1'],
  ]);

  const ended = await server.request('DELETE', `/v1/connect/${started.json.connection_id}`);
  expect([ended.status, ended.headers.get('x-skillett-revoked')]).toEqual([204, 'true']);
  expect(upstream.received.at(-1)).toMatchObject({ method: 'POST', target: '/revoke?token=at-1' });
});

it('says in its document how to go on where pages are counted in entries', async () => {
  const document = await server.request('GET', '/v1/skills/letters/list_letters', { headers: { accept: 'text/markdown' } });
  expect(document.text).toContain('For the next page set `from` to the number of entries read so far.');
});
