import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { handleOAuthCallback } from '../../src/app/pages/oauth-callback.ts';
import type { Principal } from '../../src/core/principal.ts';
import { disconnect } from '../../src/domains/connections/change-connection.ts';
import { credentialFor } from '../../src/domains/connections/connections.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import { makeIntegration } from '../connections/gateway.ts';
import { OidcServer } from '../connections/oidc-server.ts';
import { createStand, type Stand } from '../connections/stand.ts';
import type { WorkerOrders } from './refresh-worker.ts';

const redirectUri = 'https://gateway.example/oauth/callback';
const children: ChildProcess[] = [];
let oidc: OidcServer;
let stand: Stand;
let ada: Principal;
let recipe: unknown;
let settings: Record<string, string>;

beforeAll(async () => {
  oidc = await OidcServer.start(redirectUri);
  recipe = {
    auth: [
      {
        type: 'oauth2',
        authorize_url: `${oidc.origin}/auth`,
        token_url: `${oidc.origin}/token`,
        issuer: oidc.origin,
        register: { url: `${oidc.origin}/clients`, how: 'Register.' },
        scopes: { notes: { description: 'Notes.' } },
        always_scopes: ['openid', 'offline_access', 'notes'],
        authorize_parameters: { prompt: 'consent' },
        token_endpoint_auth_method: 'client_secret_basic',
        refresh: {},
        revocation: { url: `${oidc.origin}/token/revocation`, style: 'rfc7009', token: 'refresh_token' },
      },
    ],
    verify: { path: '/me', account: { id: 'sub', label: 'sub' } },
  };
  settings = { baseUrl: oidc.origin, clientId: 'skillett', clientSecret: 'client-secret-of-the-tests' };
  stand = await createStand([makeIntegration('forge', recipe, settings)], { forge: settings });
  ada = await stand.addUser();
});

afterAll(async () => {
  await stand.close();
  await oidc.close();
});

beforeEach(() => {
  oidc.tokenRequests.length = 0;
  oidc.revokedGrants = 0;
  oidc.accessTokenSeconds = 3600;
  oidc.beforeTokenAnswer = async () => {};
  stand.gateway.clock.offsetMs = 0;
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Connects through the whole flow and returns the connection's id. */
async function connect(account: string): Promise<string> {
  oidc.account = account;
  const request = { integration: 'forge', account: undefined, scopes: undefined, credentials: undefined };
  const { id } = await startConnection(stand.gateway, ada, request, 'req_1');
  const { url, cookie } = await stand.open(ada, id);
  const answer = await oidc.consent(url.href, redirectUri);
  const page = await handleOAuthCallback(stand.gateway, {
    query: answer.searchParams,
    cookie,
    findSession: async () => ada,
    requestId: 'req_1',
  });
  expect(page.html).toContain(`The account &quot;${account}&quot; `);
  return id;
}

/** Makes the stored access token one that the service refuses; `known`: the connection knows that it has run out. */
async function expire(id: string, known: boolean): Promise<void> {
  const row = await stand.admitted(id);
  const credential = JSON.parse(await stand.gateway.vault.open(row.credential, id));
  await stand.gateway.db
    .updateTable('connections')
    .set({
      credential: stand.gateway.vault.seal(JSON.stringify({ ...credential, accessToken: 'stale' }), id),
      accessExpiresAt: known ? new Date(Date.now() - 1000) : new Date(Date.now() + 3600_000),
    })
    .where('id', '=', id)
    .execute();
}

function startWorker(
  connectionId: string,
  calls: number,
): { child: ChildProcess; ready: Promise<unknown>; results: () => Promise<string[]> } {
  const orders: WorkerOrders = {
    databaseUrl: stand.databaseUrl,
    masterKey: stand.masterKey.toString('base64'),
    slug: 'forge',
    recipe,
    settings,
    serviceUrl: `${oidc.origin}/me`,
    connectionId,
    calls,
  };
  const child = fork(path.join(import.meta.dirname, 'refresh-worker.ts'), [JSON.stringify(orders)]);
  children.push(child);
  const next = () => new Promise<unknown>((resolve) => child.once('message', resolve));
  return {
    child,
    ready: next(),
    results: () => {
      const answer = next();
      child.send('go');
      return answer as Promise<string[]>;
    },
  };
}

it.each([
  ['that is known to have run out', true],
  ['that the service refuses', false],
])('100 concurrent calls of two processes with a token %s make one token request, and all succeed', async (_name, known) => {
  const id = await connect(known ? 'race-1' : 'race-2');
  await expire(id, known);
  oidc.tokenRequests.length = 0;
  // Long enough for every caller to be waiting.
  oidc.beforeTokenAnswer = () => new Promise((resolve) => setTimeout(resolve, 500));
  const workers = [startWorker(id, 50), startWorker(id, 50)];
  await Promise.all(workers.map((worker) => worker.ready));
  const results = await Promise.all(workers.map((worker) => worker.results()));
  expect(results.flat()).toEqual(Array(100).fill('200'));
  expect(oidc.tokenRequests).toEqual(['refresh_token']);
  expect(oidc.revokedGrants).toBe(0);
  expect(await stand.admitted(id)).toMatchObject({ credentialVersion: 2, status: 'connected' });
});

it('kill -9 between the answer and its commit leaves a clear "reconnect needed", and the used token is not sent again', async () => {
  const id = await connect('killed');
  await expire(id, true);
  oidc.tokenRequests.length = 0;
  const blocker = new pg.Client({ connectionString: stand.databaseUrl });
  await blocker.connect();
  // The lease is taken by now; what stores the answer has to wait for this lock.
  oidc.beforeTokenAnswer = async () => {
    await blocker.query('begin');
    await blocker.query('select 1 from connections where id = $1 for update', [id]);
  };
  const worker = startWorker(id, 1);
  await worker.ready;
  void worker.results();
  await waitUntil(async () => {
    const waiting = await stand.gateway.database.statement<{ n: number }>(
      'waiting-stores',
      "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and query like 'update%connections%'",
      [],
    );
    return waiting[0]?.n === 1;
  });
  const dead = new Promise((resolve) => worker.child.once('exit', resolve));
  worker.child.kill('SIGKILL');
  await dead;
  // PostgreSQL finishes a statement whose client has gone; end its session as the server's own keepalive would.
  await blocker.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update%connections%'",
  );
  await blocker.query('rollback');
  await blocker.end();
  oidc.beforeTokenAnswer = async () => {};

  const row = await stand.admitted(id);
  expect(row).toMatchObject({ status: 'connected', credentialVersion: 1 });
  stand.gateway.clock.offsetMs = 31_000;
  await expect(credentialFor(stand.gateway, stand.integration('forge'), row)).rejects.toMatchObject({ code: 'token_expired' });
  expect(await stand.admitted(id)).toMatchObject({ status: 'reconnect_needed', statusReason: 'refresh_interrupted' });
  expect(oidc.tokenRequests).toEqual(['refresh_token']);
  expect(oidc.revokedGrants).toBe(0);
  stand.gateway.clock.offsetMs = 0;
  await connect('killed');
  const mended = await stand.admitted(id);
  expect(mended).toMatchObject({ status: 'connected' });
  const { headers } = await credentialFor(stand.gateway, stand.integration('forge'), mended);
  expect((await fetch(`${oidc.origin}/me`, { headers })).status).toBe(200);
});

it('connect, call, expiry, refresh, revoke run through against a real authorisation server', async () => {
  oidc.accessTokenSeconds = 2;
  const id = await connect('whole');
  const call = async () => {
    const { headers } = await credentialFor(stand.gateway, stand.integration('forge'), await stand.admitted(id));
    return { status: (await fetch(`${oidc.origin}/me`, { headers })).status, headers };
  };
  const first = await call();
  expect(first.status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const second = await call();
  expect(second.status).toBe(200);
  expect(second.headers).not.toEqual(first.headers);
  expect(oidc.tokenRequests).toEqual(['authorization_code', 'refresh_token']);
  expect(await disconnect(stand.gateway, ada, id, 'req_1')).toEqual({ revoked: 'true' });
  expect((await fetch(`${oidc.origin}/me`, { headers: second.headers })).status).toBe(401);
});

async function waitUntil(check: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Waited in vain.');
}
