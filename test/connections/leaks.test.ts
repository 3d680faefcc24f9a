import { sql } from 'kysely';
import { type MutableResponse, OAuth2Server } from 'oauth2-mock-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { handleOAuthCallback } from '../../src/app/pages/oauth-callback.ts';
import type { Principal } from '../../src/core/principal.ts';
import { disconnect } from '../../src/domains/connections/change-connection.ts';
import { credentialFor, renewCredential } from '../../src/domains/connections/connections.ts';
import { findConnectionView, listConnections } from '../../src/domains/connections/list-connections.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { makeIntegration } from './gateway.ts';
import { createStand, type Stand } from './stand.ts';

let provider: OAuth2Server;
let stand: Stand;
let ada: Principal;
/** How many token answers there were; each plants tokens of its own. */
let answers = 0;
let override: MutableResponse | undefined;

beforeAll(async () => {
  provider = new OAuth2Server();
  await provider.issuer.keys.generate('RS256');
  await provider.start(0, '127.0.0.1');
  const origin = (provider.issuer.url as string).replace('localhost', '127.0.0.1');
  provider.issuer.url = origin;
  provider.service.on('beforeResponse', (response: MutableResponse) => {
    answers += 1;
    if (override) return void Object.assign(response, override);
    Object.assign(response.body as object, {
      access_token: `planted-at-${answers}`,
      refresh_token: `planted-rt-${answers}`,
      expires_in: 600,
    });
  });
  provider.service.on('beforeUserinfo', (response: MutableResponse) => {
    response.body = { sub: 'ada@example.org' };
  });
  const settings = { baseUrl: origin, clientId: 'client', clientSecret: 'planted-client-secret' };
  const recipe = {
    auth: [
      {
        type: 'oauth2',
        authorize_url: `${origin}/authorize`,
        token_url: `${origin}/token`,
        register: { url: `${origin}/apps`, how: 'Register.' },
        scopes: {},
        always_scopes: ['openid'],
        refresh: {},
        revocation: { url: `${origin}/revoke`, style: 'rfc7009' },
      },
    ],
    verify: { path: '/userinfo', account: { id: 'sub', label: 'sub' } },
  };
  stand = await createStand([makeIntegration('forge', recipe, settings)], { forge: settings });
  ada = await stand.addUser();
});

afterAll(async () => {
  await stand.close();
  await provider.stop();
});

/** Every row of every table, and every line that was logged. */
async function everythingKept(): Promise<string> {
  const { db } = stand.gateway;
  const tables = await sql<{
    name: string;
  }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db);
  const rows = await Promise.all(tables.rows.map(({ name }) => sql`select * from ${sql.id(name)}`.execute(db)));
  return JSON.stringify(rows.map((result) => result.rows)) + stand.log.join('\n');
}

it('from consent over refresh to revocation, no token, code, state, verifier or secret is kept where it can be read', async () => {
  const { gateway } = stand;
  const seen: string[] = [];
  const request = { integration: 'forge', account: undefined, scopes: undefined, credentials: undefined };
  const started = await startConnection(gateway, ada, request, 'req_1');
  const { url, cookie } = await stand.open(ada, started.id);
  expect(await everythingKept()).not.toContain(url.searchParams.get('state'));
  const redirect = await fetch(url, { redirect: 'manual' });
  const query = new URL(redirect.headers.get('location') as string).searchParams;
  const page = await handleOAuthCallback(gateway, { query, cookie, findSession: async () => ada, requestId: 'req_2' });
  expect(page.html).toContain('The account &quot;ada@example.org&quot; can be used');
  seen.push(page.html, await everythingKept());

  const forge = stand.integration('forge');
  const used = await credentialFor(gateway, forge, await stand.admitted(started.id));
  expect(used.headers).toEqual({ authorization: 'Bearer planted-at-1' });
  const renewed = await renewCredential(gateway, forge, await stand.admitted(started.id), used);
  expect(renewed?.headers).toEqual({ authorization: 'Bearer planted-at-2' });
  seen.push(JSON.stringify([await listConnections(gateway, ada, { first: 10 }), await findConnectionView(gateway, ada, started.id)]));
  seen.push(await everythingKept());

  override = { statusCode: 400, body: { error: 'invalid_grant', error_description: 'planted-rt-2 was used' } };
  gateway.clock.offsetMs = 601_000;
  const failure = await credentialFor(gateway, forge, await stand.admitted(started.id)).catch((error: unknown) => error);
  gateway.log.error({ err: failure }, 'as the door logs it');
  expect(failure).toMatchObject({ code: 'token_expired' });
  expect(await disconnect(gateway, ada, started.id, 'req_3')).toEqual({ revoked: 'true' });
  seen.push(JSON.stringify(failure), await everythingKept());

  const all = seen.join('\n');
  expect(all).toContain('connection.reconnect_needed');
  expect(all).toContain('as the door logs it');
  for (const secret of ['planted', cookie.split('=')[1] as string, query.get('code') as string, query.get('state') as string])
    expect(all).not.toContain(secret);
});
