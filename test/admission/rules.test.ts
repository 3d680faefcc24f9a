/**
 * Rules of admission stand in SQL twice over (the statement of a batch, that of a single call), and some in TypeScript as well.
 * Users are drawn by chance, each twice alike, and all must come to the same verdict. SEED draws others than the usual ones.
 */
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config/config.ts';
import type { PlanName } from '../../src/core/config/plans.ts';
import type { Database } from '../../src/core/database/database.ts';
import type { SkillettError } from '../../src/core/errors.ts';
import { mayCall } from '../../src/core/principal.ts';
import { requireKeyByHash } from '../../src/domains/api-keys/api-keys.ts';
import type { Admission, AdmissionQueue, AdmissionRequest } from '../../src/domains/executions/admission/admit.ts';
import { planLimits } from '../../src/domains/limits/plans.ts';
import { createPgliteTestDatabase, createTestDatabase } from '../support/database.ts';
import { roomInMinute } from '../support/minute.ts';
import { addConnection, addKey, addUser, callBy, findCall, listMails, listNotes, openQueue, type TestKey } from './people.ts';

const env = { SKILLETT_LIMITS: '{"free":{"perMinute":2,"perDay":3},"pro":{"perMinute":null,"perDay":1},"unlimited":{"perMinute":0}}' };
const config = readConfig({ SKILLETT_MASTER_KEY: Buffer.alloc(32).toString('base64'), ...env });

const limit = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null });
const scope = fc.constantFrom('*', 'operator', 'notes', 'notes:read', 'notes.list_notes', 'mail', 'mail:read', 'mail.list_mails', 'other');
const drawnCase = fc.record({
  plan: fc.constantFrom('free', 'pro', 'unlimited', 'a plan of a later release'),
  limits: fc.option(fc.record({ perMinute: limit, perDay: limit }, { requiredKeys: [] }), { nil: undefined }),
  closed: fc.nat(9).map((at) => at === 0),
  owner: fc.boolean(),
  key: fc.constantFrom('good', 'good', 'good', 'good', 'good', 'revoked', 'expired', 'unknown', 'session'),
  scopes: fc.uniqueArray(scope, { minLength: 1, maxLength: 3 }),
  usedMinute: fc.nat(3),
  usedDay: fc.nat(3),
  endpoint: fc.constantFrom(listNotes, listMails),
  needsConnection: fc.boolean(),
  accounts: fc.uniqueArray(fc.constantFrom('ada', 'bob', 'eve'), { maxLength: 3 }),
  hasDefault: fc.boolean(),
  wanted: fc.option(fc.constantFrom('ada', 'bob', 'nobody'), { nil: undefined }),
  idempotency: fc.constantFrom('none', 'none', 'new', 'running', 'done', 'unknown', 'other', 'expired'),
});
type Case = Parameters<Parameters<typeof drawnCase.map>[0]>[0];

/** What is drawn too seldom to rely on. */
const mismatch: Case = {
  ...{ plan: 'pro', limits: undefined, closed: false, owner: false, key: 'good', scopes: ['*'], usedMinute: 0, usedDay: 0 },
  ...{ endpoint: listNotes, needsConnection: false, accounts: [], hasDefault: false, wanted: undefined, idempotency: 'other' },
} as const;

interface Twin {
  userId: string;
  key: TestKey;
  request: AdmissionRequest;
}

/** Everything about the outcome that does not name the twin. */
async function describeOutcome(database: Database, admitting: Promise<Admission>, { userId, key, request }: Twin) {
  const admission = await admitting.catch((error: SkillettError) => error);
  const row = await findCall(database, request.callId);
  const { db } = database;
  const minute = await db.selectFrom('minuteCounters').select(['executions', 'requests']).where('holderId', '=', key.id).executeTakeFirst();
  const day = await db.selectFrom('dayCounters').select('executions').where('userId', '=', userId).executeTakeFirst();
  const written = row && [
    row.outcome,
    row.errorCode,
    row.account,
    row.endpoint,
    row.idempotencyKey,
    row.parameterNames,
    row.completedAt !== null,
  ];
  const left = { written: written ?? null, minute: minute ?? null, day: day ?? null };
  if (admission instanceof Error) {
    return { code: (admission as SkillettError).code, remaining: admission.headers?.['ratelimit-remaining'], ...left };
  }
  const { principal, connection, connectionFault, minute: counted, replay, claim } = admission;
  return {
    code: null,
    principal: [principal.kind, principal.scopes, principal.plan, principal.limits],
    connection: connection && [connection.account, connection.providerScopes, connection.frozenAt !== null, connection.accessExpiresAt],
    connectionFault: connectionFault && [connectionFault.code, connectionFault.message],
    limit: counted.limit,
    remaining: counted.remaining,
    replay: replay && [replay.status, replay.answer],
    claims: claim !== undefined,
    ...left,
  };
}

describe.each(['PostgreSQL', 'PGlite'])('on %s', (name) => {
  let database: Database;
  let drop: () => Promise<void>;
  let queue: AdmissionQueue;
  let clock: Clock;
  beforeAll(async () => {
    if (name === 'PostgreSQL') ({ database, drop } = await createTestDatabase());
    else {
      database = await createPgliteTestDatabase();
      drop = () => database.close();
    }
    // So that every drawn user may be an owner.
    await sql`drop index users_one_owner`.execute(database.db);
    ({ queue, clock } = openQueue(database, env));
  });
  afterAll(async () => {
    await queue.close();
    await drop();
  });

  async function addTwin(drawn: Case): Promise<Twin> {
    const { plan, limits, closed, owner, idempotency } = drawn;
    const userId = await addUser(database, { plan, closed, owner, ...(limits ? { limits: limits as Record<string, number | null> } : {}) });
    const key = await addKey(database, userId, {
      scopes: drawn.scopes,
      revoked: drawn.key === 'revoked',
      ...(drawn.key === 'expired' ? { expiresAt: new Date(Date.now() - 1_000) } : {}),
    });
    const { integration } = drawn.endpoint;
    for (const [at, account] of drawn.accounts.entries())
      await addConnection(database, userId, { integration, account, isDefault: drawn.hasDefault && at === 0, frozen: at === 1 });
    await addCounts(userId, key, drawn);
    if (!['none', 'new'].includes(idempotency)) await addClaim(key, idempotency);
    const call: Partial<AdmissionRequest> = {
      endpoint: drawn.endpoint,
      needsConnection: drawn.needsConnection,
      account: drawn.wanted,
      parameterNames: ['a', 'b"\\,{}'],
      ...(idempotency === 'none' ? {} : { idempotency: { key: 'k', fingerprint: 'f0' } }),
      ...(drawn.key === 'session' ? { caller: { kind: 'session', sessionId: key.id, userId } as AdmissionRequest['caller'] } : {}),
    };
    const sent = drawn.key === 'unknown' ? { id: key.id, hash: Buffer.from(key.hash).reverse() } : key;
    return { userId, key, request: callBy(sent, call) };
  }

  async function addCounts(userId: string, key: TestKey, { usedMinute, usedDay }: Case): Promise<void> {
    const now = clock.now();
    const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
    await database.db
      .insertInto('minuteCounters')
      .values({ holderId: key.id, minute, executions: usedMinute, allowance: 0, requests: 0, lastUsedAt: now })
      .execute();
    await database.db
      .insertInto('dayCounters')
      .values({ userId, day: now.toISOString().slice(0, 10), executions: usedDay, allowance: 0 })
      .execute();
  }

  async function addClaim(key: TestKey, kind: string): Promise<void> {
    const done = kind === 'done' || kind === 'expired' || kind === 'other';
    await database.db
      .insertInto('idempotencyClaims')
      .values({
        holderId: key.id,
        key: 'k',
        fingerprint: Buffer.from(kind === 'other' ? 'aa' : 'f0', 'hex'),
        callId: 'call_first',
        state: done ? 'done' : (kind as 'running' | 'unknown'),
        answer: done ? 'sealed' : null,
        upstreamStatus: done ? 201 : null,
        createdAt: new Date(),
        expiresAt: new Date(Date.now() + (kind === 'expired' ? -1_000 : 60_000)),
      })
      .execute();
  }

  it('a call alone, the same call in a batch and TypeScript come to the same verdict', async () => {
    const drawn = fc.sample(drawnCase, { numRuns: 120, seed: Number(process.env.SEED ?? 7) });
    const cases = [...drawn, mismatch];
    const [alone, together] = [await Promise.all(cases.map(addTwin)), await Promise.all(cases.map(addTwin))];
    await roomInMinute(15_000, clock);
    // What was counted in the minute before is no count of this one.
    const minute = new Date(Math.floor(clock.nowMs() / 60_000) * 60_000);
    await database.db.updateTable('minuteCounters').set({ minute }).execute();
    const batch = together.map((twin) => queue.admit(twin.request));
    await Promise.allSettled(batch);
    const seen = new Set<string | null>();
    for (const [at, drawn] of cases.entries()) {
      const single = queue.admit((alone[at] as Twin).request);
      await Promise.allSettled([single]);
      const outcome = await describeOutcome(database, single, alone[at] as Twin);
      expect(outcome, JSON.stringify(drawn)).toEqual(
        await describeOutcome(database, batch[at] as Promise<Admission>, together[at] as Twin),
      );
      seen.add(outcome.code);
      await expectOfTypeScript(drawn, alone[at] as Twin, outcome);
    }
    // The drawing reaches what is to be compared.
    for (const code of [null, 'rate_limited', 'daily_limit_reached', 'scope_not_allowed', 'api_key_revoked', 'idempotency_mismatch'])
      expect(seen).toContain(code);
  }, 120_000);

  async function expectOfTypeScript(drawn: Case, { key, request }: Twin, outcome: Awaited<ReturnType<typeof describeOutcome>>) {
    const { code } = outcome;
    const { endpoint, plan, limits } = drawn;
    if (drawn.key !== 'session') {
      const hash = drawn.key === 'unknown' ? Buffer.from(key.hash).reverse() : key.hash;
      const fault = await requireKeyByHash(database.db, clock, hash).then(
        () => undefined,
        (error: SkillettError) => error.code,
      );
      if (fault) return expect(code, JSON.stringify(drawn)).toBe(fault);
    }
    if (drawn.closed) return expect(code).toBe('unauthorized');
    const scopes = drawn.key === 'session' ? ['*'] : drawn.scopes;
    const may = mayCall(scopes, endpoint.integration, endpoint.name, endpoint.readOnly);
    expect(code === 'scope_not_allowed', JSON.stringify(drawn)).toBe(!may);
    const of = planLimits(config, plan as PlanName, (limits ?? null) as Record<string, number | null> | null);
    if (code === null) expect(outcome).toMatchObject({ limit: of.perMinute });
    if (!may || (request.idempotency && drawn.idempotency === 'done')) return undefined;
    const minuteIsUp = of.perMinute !== null && drawn.usedMinute >= of.perMinute;
    const dayIsUp = of.perDay !== null && drawn.usedDay >= of.perDay;
    expect([code === 'rate_limited', code === 'daily_limit_reached'], JSON.stringify(drawn)).toEqual([minuteIsUp, !minuteIsUp && dayIsUp]);
    return undefined;
  }
});
