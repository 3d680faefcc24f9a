/** Users, keys, connections and endpoints for the tests of admission, written straight into the database. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { Clock } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config/config.ts';
import { sha256, sha256Hex } from '../../src/core/crypto.ts';
import type { Database } from '../../src/core/database/database.ts';
import { newId, newTimeOrderedId } from '../../src/core/ids.ts';
import { generateKey } from '../../src/domains/api-keys/api-keys.ts';
import { AdmissionQueue, type AdmissionRequest } from '../../src/domains/executions/admission/admit.ts';
import { buildEndpoint } from '../../src/domains/recipes/catalogue.ts';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';

export function openQueue(
  database: Database,
  env: Record<string, string> = {},
  statementMsMax?: number,
): { queue: AdmissionQueue; clock: Clock } {
  const clock = new Clock();
  const config = readConfig({ SKILLETT_MASTER_KEY: randomBytes(32).toString('base64'), ...env });
  const parts = { database, db: database.db, clock, config, log: pino({ level: 'silent' }) };
  return { queue: new AdmissionQueue(parts, statementMsMax), clock };
}

export async function addUser(
  database: Database,
  user: {
    email?: string | undefined;
    name?: string;
    plan?: string;
    limits?: Record<string, number | null>;
    closed?: boolean;
    owner?: boolean;
  } = {},
): Promise<string> {
  const id = newId('user');
  await database.db
    .insertInto('users')
    .values({
      id,
      email: user.email ?? `${id}@example.org`,
      displayName: user.name ?? 'A test',
      image: null,
      plan: user.plan ?? 'unlimited',
      limits: user.limits ? JSON.stringify(user.limits) : null,
      closedAt: user.closed ? new Date() : null,
      isOwner: user.owner ?? false,
    })
    .execute();
  return id;
}

export interface TestKey {
  /** Its row's, and what is sent: one text for both keeps the tests short. */
  id: string;
  hash: Buffer;
}

export async function addKey(
  database: Database,
  userId: string,
  key: { scopes?: string[]; expiresAt?: Date; revoked?: boolean; kind?: 'manual' | 'oauth'; renewableUntil?: Date } = {},
): Promise<TestKey> {
  const id = generateKey().fullKey;
  const hash = sha256(id);
  await database.db
    .insertInto('apiKeys')
    .values({
      id,
      userId,
      parentId: null,
      kind: key.kind ?? 'manual',
      name: 'test',
      keyPrefix: 'sk_00000000',
      keyHash: hash,
      scopes: key.scopes ?? ['*'],
      expiresAt: key.expiresAt ?? null,
      renewableUntil: key.renewableUntil ?? null,
      revokedAt: key.revoked ? new Date() : null,
    })
    .execute();
  return { id, hash };
}

export async function addConnection(
  database: Database,
  userId: string,
  connection: { integration?: string; account?: string; isDefault?: boolean; frozen?: boolean; providerScopes?: string[] } = {},
): Promise<string> {
  const id = newId('conn');
  await database.db
    .insertInto('connections')
    .values({
      id,
      userId,
      integration: connection.integration ?? 'notes',
      authType: 'bearer',
      providerAccountId: id,
      account: connection.account ?? id,
      isDefault: connection.isDefault ?? false,
      statusReason: null,
      credential: 'sealed',
      providerScopes: connection.providerScopes ?? null,
      accessExpiresAt: null,
      refreshHolder: null,
      refreshUntil: null,
      frozenAt: connection.frozen ? new Date() : null,
      refreshedAt: null,
    })
    .execute();
  return id;
}

const spec = {
  method: 'GET',
  path: '/notes',
  description: 'Lists notes.',
  parameters: {},
  answer: 'notes',
  example: {},
} as unknown as Endpoint;
export const listNotes = buildEndpoint('notes', 'notes', 'list_notes', spec);

export const listMails = buildEndpoint('mail', 'mails', 'list_mails', spec);

export function callBy(key: TestKey, call: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    caller: { kind: 'api_key', hash: key.hash.toString('hex') },
    callId: newTimeOrderedId('call', Date.now()),
    requestId: newId('req'),
    door: 'rest',
    endpoint: listNotes,
    needsConnection: false,
    parameterNames: [],
    parameterHash: () => sha256Hex('{}'),
    ...call,
  };
}

export async function findCall(database: Database, callId: string) {
  const row = await database.db.selectFrom('skillCalls').selectAll().where('id', '=', callId).executeTakeFirst();
  // PGlite gives bytes as a Uint8Array.
  return row && { ...row, parameterHash: row.parameterHash && Buffer.from(row.parameterHash) };
}

/** The code of what it throws; fails when it throws nothing. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  throw new Error('It was let through.');
}
