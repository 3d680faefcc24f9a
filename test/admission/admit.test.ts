import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/core/database/database.ts';
import type { AdmissionQueue } from '../../src/domains/executions/admission/admit.ts';
import { createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';
import { addConnection, addKey, addUser, callBy, codeOf, findCall, listMails, listNotes, openQueue } from './people.ts';

describe.each(['PostgreSQL', 'PGlite'])('on %s', (name) => {
  let database: Database;
  let drop: () => Promise<void>;
  let queue: AdmissionQueue;
  beforeAll(async () => {
    if (name === 'PostgreSQL') ({ database, drop } = await createTestDatabase());
    else {
      database = await createPgliteTestDatabase();
      drop = () => database.close();
    }
    ({ queue } = openQueue(database));
  });
  afterAll(async () => {
    await queue.close();
    await drop();
  });

  it('a call of a good key is admitted with its row', async () => {
    const userId = await addUser(database, { plan: 'free' });
    const key = await addKey(database, userId);
    const connectionId = await addConnection(database, userId, { account: 'ada' });
    const call = callBy(key, { needsConnection: true, parameterNames: ['a', 'b'] });
    const admission = await queue.admit(call);
    expect(admission).toMatchObject({
      principal: { kind: 'api_key', userId, holderId: key.id, keyId: key.id, scopes: ['*'], plan: 'free' },
      connection: { id: connectionId, account: 'ada', status: 'connected', providerScopes: null, frozenAt: null },
      connectionFault: undefined,
      minute: { limit: 30, remaining: 29 },
      replay: undefined,
    });
    expect(await findCall(database, call.callId)).toMatchObject({
      userId,
      keyId: key.id,
      connectionId,
      account: 'ada',
      integration: 'notes',
      endpoint: 'list_notes',
      door: 'rest',
      parameterNames: ['a', 'b'],
      parameterHash: Buffer.from(call.parameterHash(), 'hex'),
      outcome: 'started',
      requestId: call.requestId,
      completedAt: null,
    });
  });

  it('the end of a call is written into its row', async () => {
    const key = await addKey(database, await addUser(database));
    const call = callBy(key);
    await queue.admit(call);
    queue.complete({ callId: call.callId, outcome: 'succeeded', upstreamStatus: 200, responseBytes: 12, upstreamMs: 3.4, totalMs: 5 });
    await expect.poll(async () => (await findCall(database, call.callId))?.outcome).toBe('succeeded');
    expect(await findCall(database, call.callId)).toMatchObject({ upstreamStatus: 200, responseBytes: 12, upstreamMs: 3, totalMs: 5 });
    expect((await findCall(database, call.callId))?.completedAt).toBeInstanceOf(Date);
  });

  it('unknown, revoked and expired keys and closed users are 401, and none has a row', async () => {
    const userId = await addUser(database);
    const closed = await addUser(database, { closed: true });
    const calls = {
      api_key_invalid: callBy({ id: 'none', hash: Buffer.alloc(32, 7) }),
      api_key_revoked: callBy(await addKey(database, userId, { revoked: true })),
      api_key_expired: callBy(await addKey(database, userId, { expiresAt: new Date(Date.now() - 1000) })),
      unauthorized: callBy(await addKey(database, closed)),
    };
    for (const [code, call] of Object.entries(calls)) {
      expect(await codeOf(queue.admit(call))).toBe(code);
      expect(await findCall(database, call.callId)).toBeUndefined();
    }
  });

  it('a key of one integration is 403 on another, counted nowhere, with a row', async () => {
    const userId = await addUser(database);
    const key = await addKey(database, userId, { scopes: ['notes:read'] });
    const call = callBy(key, { endpoint: listMails });
    expect(await codeOf(queue.admit(call))).toBe('scope_not_allowed');
    expect(await findCall(database, call.callId)).toMatchObject({ outcome: 'refused', errorCode: 'scope_not_allowed' });
    expect(await database.db.selectFrom('minuteCounters').selectAll().where('holderId', '=', key.id).execute()).toEqual([]);
    await queue.admit(callBy(key, { endpoint: listNotes }));
    expect(await database.db.selectFrom('minuteCounters').select('executions').where('holderId', '=', key.id).execute()).toEqual([
      { executions: 1 },
    ]);
  });
});
