import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId, newTimeOrderedId } from '../../src/core/ids.ts';
import type { Principal } from '../../src/core/principal.ts';
import { credentialFor } from '../../src/domains/connections/connections.ts';
import { startConnection } from '../../src/domains/connections/start-connection.ts';
import {
  freezeConnections,
  listReachOfKey,
  readDataKeyState,
  resealEverything,
  revokeConnections,
  rotateDataKeys,
} from '../../src/domains/operations/operations.ts';
import { Upstream } from '../support/upstream.ts';
import { makeIntegration } from './gateway.ts';
import { seedOAuthConnection } from './seed.ts';
import { createStand, type Stand } from './stand.ts';

let stand: Stand;
let upstream: Upstream;
let operator: Principal;
let ada: Principal;
let bob: Principal;
let revoked: string[];

beforeAll(async () => {
  upstream = await Upstream.start();
  const oauth2 = (slug: string) => ({
    auth: [
      {
        type: 'oauth2',
        authorize_url: `https://${slug}.example/authorize`,
        token_url: `https://${slug}.example/token`,
        register: { url: `https://${slug}.example/apps`, how: 'Register.' },
        scopes: {},
        revocation: { url: `https://${slug}.example/revoke`, style: 'rfc7009' },
      },
    ],
  });
  const settings = { baseUrl: upstream.origin, clientId: 'client', clientSecret: 'secret', tokenUrl: `${upstream.origin}/token` };
  stand = await createStand(
    [
      makeIntegration('forge', oauth2('forge'), settings),
      makeIntegration('mill', oauth2('mill'), settings),
      makeIntegration('desk', { auth: [{ type: 'bearer', how: 'Make one.' }] }, settings),
    ],
    { forge: settings, mill: settings, desk: settings },
  );
  ada = await stand.addUser();
  bob = await stand.addUser();
  operator = { ...(await stand.addUser()), scopes: ['*', 'operator'] };
});

afterAll(async () => {
  await stand.close();
  await upstream.close();
});

beforeEach(async () => {
  await stand.gateway.db.deleteFrom('connections').execute();
  upstream.reset();
  revoked = [];
  upstream.play = (request, response) => {
    const token = new URLSearchParams(request.body.toString()).get('token');
    if (token !== null) revoked.push(token);
    response.writeHead(token === 'stubborn' ? 503 : 200, { 'content-type': 'application/json' }).end('{"id":"1","login":"ada"}');
  };
});

const connect = (who: Principal, integration: string, accessToken = 'token') =>
  seedOAuthConnection(stand.gateway, { userId: who.userId, integration, accessToken });

async function addCall(keyId: string, userId: string, connectionId: string, endpoint: string, startedAt: Date, outcome = 'succeeded') {
  await stand.gateway.db
    .insertInto('skillCalls')
    .values({
      id: newTimeOrderedId('call', startedAt.getTime()),
      userId,
      keyId,
      connectionId,
      account: 'work',
      integration: 'forge',
      endpoint,
      door: 'rest',
      idempotencyKey: null,
      parameterNames: [],
      parameterHash: null,
      outcome: outcome as 'succeeded',
      errorCode: null,
      upstreamStatus: 200,
      responseBytes: 2,
      upstreamMs: 1,
      totalMs: 1,
      requestId: 'req_1',
      startedAt,
    })
    .execute();
}

describe('an operator', () => {
  it('freezes and thaws every connection of one integration, and calls obey at once', async () => {
    const [mine, theirs, elsewhere] = await Promise.all([connect(ada, 'forge'), connect(bob, 'forge'), connect(ada, 'mill')]);
    const report = await freezeConnections(stand.gateway, operator, { integration: 'forge' }, true, 'req_1');
    expect(report.remaining).toBe(0);
    expect(report.outcomes.map(({ connection, outcome }) => [connection.id, outcome]).sort()).toEqual(
      [
        [mine, 'frozen'],
        [theirs, 'frozen'],
      ].sort(),
    );
    const forge = stand.integration('forge');
    await expect(credentialFor(stand.gateway, forge, await stand.admitted(mine))).rejects.toMatchObject({ code: 'connection_frozen' });
    await expect(credentialFor(stand.gateway, stand.integration('mill'), await stand.admitted(elsewhere))).resolves.toBeDefined();
    const again = await freezeConnections(stand.gateway, operator, { integration: 'forge' }, true, 'req_1');
    expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
    await freezeConnections(stand.gateway, operator, { integration: 'forge', userId: ada.userId }, false, 'req_1');
    await expect(credentialFor(stand.gateway, forge, await stand.admitted(mine))).resolves.toBeDefined();
    await expect(credentialFor(stand.gateway, forge, await stand.admitted(theirs))).rejects.toMatchObject({ code: 'connection_frozen' });
    const audit = await stand.gateway.db
      .selectFrom('auditRows')
      .select(['action', 'userId', 'actor'])
      .where('target', '=', mine)
      .orderBy('createdAt')
      .execute();
    expect(audit).toEqual([
      { action: 'connection.frozen', userId: ada.userId, actor: operator.holderId },
      { action: 'connection.thawed', userId: ada.userId, actor: operator.holderId },
    ]);
  });

  it('freezes more connections than one call takes by repeating the call, and sees what is left', async () => {
    const id = await connect(ada, 'forge');
    const { db } = stand.gateway;
    await sql`
      insert into connections (id, user_id, integration, auth_type, provider_account_id, account, credential)
      select 'conn_many_' || n, user_id, integration, auth_type, 'many-' || n, 'many-' || n, credential
      from connections, generate_series(1, 1004) n where id = ${id}`.execute(db);
    const freeze = () => freezeConnections(stand.gateway, operator, { integration: 'forge' }, true, 'req_1');
    const changed = async () => {
      const { outcomes, remaining } = await freeze();
      return [outcomes.filter(({ outcome }) => outcome === 'frozen').length, outcomes.length, remaining];
    };
    expect(await changed()).toEqual([1000, 1000, 5]);
    expect(await changed()).toEqual([5, 1000, 0]);
    expect(await db.selectFrom('connections').select('id').where('frozenAt', 'is', null).execute()).toEqual([]);
    expect(await changed()).toEqual([0, 1000, 0]);
  });

  it('revokes every connection of one user and learns what each service said', async () => {
    const [good, stubborn, other] = await Promise.all([
      connect(ada, 'forge', 'good'),
      connect(ada, 'mill', 'stubborn'),
      connect(bob, 'forge'),
    ]);
    const { outcomes, remaining } = await revokeConnections(stand.gateway, operator, { userId: ada.userId }, 'req_1');
    expect(remaining).toBe(0);
    expect(new Map(outcomes.map((entry) => [entry.connection.id, [entry.outcome, entry.revoked]]))).toEqual(
      new Map([
        [good, ['disconnected', 'true']],
        [stubborn, ['disconnected', 'false']],
      ]),
    );
    expect(revoked.sort()).toEqual(['good', 'stubborn']);
    const left = await stand.gateway.db.selectFrom('connections').select('id').execute();
    expect(left).toEqual([{ id: other }]);
  });

  it('reaches what a key started and what it used, and nothing else', async () => {
    const keyId = newId('key');
    const used = await connect(ada, 'forge');
    const untouched = await connect(ada, 'mill');
    await addCall(keyId, ada.userId, used, 'list_things', new Date());
    const asKey: Principal = { ...ada, kind: 'api_key', holderId: keyId, keyId };
    const request = { integration: 'desk', account: undefined, scopes: undefined, credentials: { token: 'x' } };
    const { id: started } = await startConnection(stand.gateway, asKey, request, 'req_1');
    const { outcomes } = await freezeConnections(stand.gateway, operator, { keyId }, true, 'req_1');
    expect(outcomes.map(({ connection }) => connection.id).sort()).toEqual([used, started].sort());
    expect((await stand.admitted(untouched)).frozenAt).toBeNull();
  });

  it('sees what a key has touched since a time', async () => {
    const keyId = newId('key');
    const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1, 0, minutes));
    await addCall(keyId, ada.userId, 'conn_a', 'make_thing', at(1));
    await addCall(keyId, ada.userId, 'conn_a', 'list_things', at(5));
    await addCall(keyId, ada.userId, 'conn_a', 'list_things', at(7));
    await addCall(keyId, ada.userId, 'conn_a', 'drop_thing', at(8), 'refused');
    await addCall(newId('key'), bob.userId, 'conn_b', 'list_things', at(8));
    expect(await listReachOfKey(stand.gateway, operator, keyId, at(0))).toEqual([
      {
        userId: ada.userId,
        connectionId: 'conn_a',
        account: 'work',
        integration: 'forge',
        endpoint: 'list_things',
        calls: 2,
        firstAt: at(5),
        lastAt: at(7),
      },
      {
        userId: ada.userId,
        connectionId: 'conn_a',
        account: 'work',
        integration: 'forge',
        endpoint: 'make_thing',
        calls: 1,
        firstAt: at(1),
        lastAt: at(1),
      },
    ]);
    expect(await listReachOfKey(stand.gateway, operator, keyId, at(6))).toMatchObject([{ endpoint: 'list_things', calls: 1 }]);
  });

  it('rotates the data key while connections are read, and sees it end', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, at) => connect(ada, 'forge', `token-${at}`)));
    const before = await readDataKeyState(stand.gateway, operator);
    expect(before.remaining).toBe(0);
    const state = await rotateDataKeys(stand.gateway, operator, 'req_1');
    expect(state.version).toBe(before.version + 1);
    const reads = await Promise.all(
      ids.map(
        async (id) => (await credentialFor(stand.gateway, stand.integration('forge'), await stand.admitted(id))).headers.authorization,
      ),
    );
    expect(reads).toEqual(ids.map((_, at) => `Bearer token-${at}`));
    await resealEverything(stand.gateway);
    expect(await readDataKeyState(stand.gateway, operator)).toEqual({ version: state.version, remaining: 0 });
    const sealed = await stand.gateway.db.selectFrom('connections').select('credential').execute();
    expect(sealed.every((row) => row.credential.startsWith(`${state.version}.`))).toBe(true);
  });

  it('must name what it acts on', async () => {
    await expect(freezeConnections(stand.gateway, operator, {}, true, 'req_1')).rejects.toMatchObject({ code: 'bad_request' });
    await expect(revokeConnections(stand.gateway, operator, {}, 'req_1')).rejects.toMatchObject({ code: 'bad_request' });
  });
});

it('nobody else may do any of it', async () => {
  const id = await connect(ada, 'forge');
  const target = { userId: ada.userId };
  const { gateway } = stand;
  await expect(freezeConnections(gateway, ada, target, true, 'req_1')).rejects.toMatchObject({ code: 'forbidden' });
  await expect(revokeConnections(gateway, ada, target, 'req_1')).rejects.toMatchObject({ code: 'forbidden' });
  await expect(rotateDataKeys(gateway, ada, 'req_1')).rejects.toMatchObject({ code: 'forbidden' });
  await expect(readDataKeyState(gateway, ada)).rejects.toMatchObject({ code: 'forbidden' });
  expect(() => listReachOfKey(gateway, ada, 'key_1', new Date())).toThrow(expect.objectContaining({ code: 'forbidden' }));
  expect((await stand.admitted(id)).frozenAt).toBeNull();
});
