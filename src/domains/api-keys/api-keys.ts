/** API keys: what an agent holds instead of credentials (docs/api.md, "Keys"). */
import { randomBytes } from 'node:crypto';
import DataLoader from 'dataloader';
import type { Clock } from '../../core/clock.ts';
import type { Context, Gateway } from '../../core/context.ts';
import { sha256, sha256Hex } from '../../core/crypto.ts';
import { type Db, lockInTransaction } from '../../core/database/database.ts';
import { authenticationFault, badRequest, type Fault, notFound, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { decodeTimeCursor, type Page, type PageRequest, pageOfRows } from '../../core/paging.ts';
import { coversScope, hasEverything, type Principal } from '../../core/principal.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  type ApiKey,
  countActiveKeys,
  countKeys,
  findKeyByHash,
  findKeyForShare,
  findKeyIn,
  insertKey,
  type KeyRange,
  type KeyState,
  listKeys,
  listKeysById,
  renewKey,
  revokeFamily,
} from './store.ts';

declare module '../../core/context.ts' {
  interface Gateway {
    /** What is wrong with a scope (how it is written, or an integration or endpoint that does not exist), or undefined. */
    scopeFault: (scope: string) => string | undefined;
    /** Whether it is the scope of one endpoint that only reads. */
    isReadOnlyScope: (scope: string) => boolean;
  }
}

/** Beyond this the rest is not looked at: each fault costs a search for the name that was meant. */
const scopeFaultsMax = 10;

/** A new key: `sk_` and 192 random bits in hex. Only its SHA-256 is stored; with that much randomness a slow hash adds nothing. */
export function generateKey(): { fullKey: string; keyPrefix: string; keyHash: Buffer } {
  const fullKey = `sk_${randomBytes(24).toString('hex')}`;
  return { fullKey, keyPrefix: fullKey.slice(0, 11), keyHash: sha256(fullKey) };
}

/** What `generateKey` makes. */
export const keyForm = /^sk_[0-9a-f]{48}$/;

/** By what a key is found, in hex. */
export type HashKey = (fullKey: string) => string;

/**
 * Of a key of kind `oauth`: with the resource that it is for (RFC 8707), so that no other door finds it, and `/mcp/oauth` finds no key
 * of another kind.
 */
export const hashOAuthKey: HashKey = (fullKey) => sha256Hex(`/mcp/oauth ${fullKey}`);

/** When a key cannot be used any more: one that can be renewed goes on beyond its own end. */
export function endOfKey(key: Pick<ApiKey, 'expiresAt' | 'renewableUntil'>): Date | null {
  return key.renewableUntil ?? key.expiresAt;
}

/** The key with this hash. Throws 401 `api_key_invalid`, `api_key_revoked`, `api_key_expired`. */
export async function requireKeyByHash(db: Db, clock: Clock, hash: Buffer): Promise<ApiKey> {
  const key = await findKeyByHash(db, clock, hash);
  if (!key) throw authenticationFault('api_key_invalid');
  requireInForce(key);
  return key;
}

/**
 * Throws 401 `api_key_revoked`, `api_key_expired` when this holder is a key that is not in force any more, and keeps it as it
 * is until the transaction ends. A session's id finds no key.
 */
export async function requireHolderInForce(trx: Db, clock: Clock, userId: string, holderId: string): Promise<void> {
  const key = await findKeyForShare(trx, clock, userId, holderId);
  if (key) requireInForce(key);
}

function requireInForce(key: KeyState): void {
  if (key.revokedAt) throw authenticationFault('api_key_revoked');
  if (key.expired) throw authenticationFault('api_key_expired');
}

/** A key without `*` sees only itself and what was made with it. */
function rangeOf(principal: Principal): KeyRange {
  return hasEverything(principal) || principal.keyId === undefined
    ? { userId: principal.userId }
    : { userId: principal.userId, under: principal.keyId };
}

export function listAllApiKeys(db: Db, principal: Principal): Promise<ApiKey[]> {
  return listKeys(db, rangeOf(principal));
}

/** Keys by their ids, one query a request; undefined for those that whoever asks may not see. */
export function loadApiKeys(context: Context): DataLoader<string, ApiKey | undefined> {
  return context.once(
    'api keys',
    () =>
      new DataLoader(async (ids: readonly string[]) => {
        const keys = await listKeysById(context.gateway.db, rangeOf(await context.principal()), ids);
        const byId = new Map(keys.map((key) => [key.id, key]));
        return ids.map((id) => byId.get(id));
      }),
  );
}

/** Oldest first. */
export async function listApiKeys(db: Db, principal: Principal, request: PageRequest): Promise<Page<ApiKey>> {
  const range = rangeOf(principal);
  const [rows, total] = await Promise.all([
    listKeys(db, range, { limit: request.first + 1, after: decodeTimeCursor(request.after) }),
    countKeys(db, range),
  ]);
  return pageOfRows(rows, request.first, total, ({ createdAt, id }) => [createdAt, id]);
}

/** Splits `github,gmail` as well as `["github","gmail"]`, drops repetitions, and refuses what is not a scope. */
export function parseScopes(gateway: Pick<Gateway, 'scopeFault'>, input: readonly string[]): string[] {
  const scopes = [...new Set(input.flatMap((part) => part.split(',')).map((part) => part.trim()))].filter((scope) => scope !== '');
  if (scopes.length === 0)
    throw badRequest('`scopes` is empty. Leave it out for everything, or name at least one, such as `github` or `gmail:read`.');
  const details: Fault[] = [];
  for (const scope of scopes) {
    const message = gateway.scopeFault(scope);
    if (message !== undefined && details.push({ path: 'scopes', message }) === scopeFaultsMax) break;
  }
  if (details.length > 0) throw badRequest(details.map((fault) => fault.message).join(' '), details);
  return scopes;
}

export interface NewApiKey {
  name: string;
  scopes?: readonly string[] | undefined;
  expiresAt?: Date | undefined;
}

/** Makes a key within the principal's own scopes and lifetime. The full key is in the answer and nowhere else. */
export async function issueApiKey(
  gateway: Gateway,
  principal: Principal,
  request: NewApiKey,
  requestId: string,
): Promise<{ apiKey: ApiKey; fullKey: string }> {
  const scopes = request.scopes ? parseScopes(gateway, request.scopes) : hasEverything(principal) ? ['*'] : [...principal.scopes];
  const beyond = scopes.filter((scope) => !coversScope(principal.scopes, scope, gateway.isReadOnlyScope));
  if (beyond.length > 0) {
    throw new SkillettError(
      'forbidden',
      `This ${principal.kind === 'session' ? 'session' : 'key'} cannot give ${beyond.join(', ')}: a key holds at most what its maker holds (${principal.scopes.join(', ')}).`,
    );
  }
  const { db, clock } = gateway;
  const { fullKey, keyPrefix, keyHash } = generateKey();
  const apiKey = await db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `api-keys/${principal.userId}`);
    const parent = principal.keyId === undefined ? undefined : await requireActiveParent(trx, principal);
    const expiresAt = childExpiry(clock, parent, request.expiresAt);
    await requireRoomForKey(trx, clock, principal);
    const made = await insertKey(trx, clock, {
      id: newId('key'),
      userId: principal.userId,
      parentId: parent?.id ?? null,
      kind: 'manual',
      name: request.name,
      keyPrefix,
      keyHash,
      scopes,
      expiresAt,
    });
    await recordAudit(trx, {
      userId: principal.userId,
      actor: principal.holderId,
      action: 'api_key.created',
      target: made.id,
      details: { name: made.name, scopes, keyPrefix },
      requestId,
    });
    return made;
  });
  return { apiKey, fullKey };
}

/**
 * The key of a device or command-line sign-in, made in the transaction that redeems its code. It has no parent, and does not
 * count against the plan. Its scopes were checked when a person granted them.
 */
export async function issueDeviceKey(
  trx: Db,
  clock: Clock,
  device: { userId: string; sessionId: string; name: string; scopes: string[] },
  requestId: string,
): Promise<{ apiKey: ApiKey; fullKey: string }> {
  const { sessionId, ...key } = device;
  return insertRootKey(trx, clock, { ...key, kind: 'device', actor: sessionId }, requestId);
}

/** The key that the first start shows the owner. Undefined when they have one already, also when another process was faster. */
export async function issueFirstKey(
  { db, clock }: Pick<Gateway, 'db' | 'clock'>,
  userId: string,
  requestId: string,
): Promise<string | undefined> {
  return db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `api-keys/${userId}`);
    if ((await countKeys(trx, { userId })) > 0) return undefined;
    const key = { userId, kind: 'manual', name: 'First key', scopes: ['*'], actor: requestId } as const;
    return (await insertRootKey(trx, clock, key, requestId)).fullKey;
  });
}

/** How long a key of kind `oauth` lasts before its client has to renew it. */
export const oauthKeySeconds = 3_600;

/**
 * The key of a client that a person let in, made in the transaction that redeems its code. It has no parent, and does not count
 * against the plan. Its scopes were checked when the person granted them.
 */
export async function issueOAuthKey(
  trx: Db,
  clock: Clock,
  grant: { userId: string; sessionId: string; name: string; scopes: string[]; renewableUntil: Date },
  requestId: string,
): Promise<{ apiKey: ApiKey; fullKey: string }> {
  const { sessionId, renewableUntil, ...key } = grant;
  const renewable = { lastsSeconds: oauthKeySeconds, until: renewableUntil };
  return insertRootKey(trx, clock, { ...key, kind: 'oauth', actor: sessionId, renewable }, requestId);
}

/** Another key in place of the one that a grant has; the one before is found no more. Undefined when the grant was revoked, or has ended. */
export async function renewOAuthKey(
  trx: Db,
  clock: Clock,
  id: string,
  requestId: string,
): Promise<{ apiKey: ApiKey; fullKey: string } | undefined> {
  const { fullKey, keyPrefix } = generateKey();
  const keyHash = Buffer.from(hashOAuthKey(fullKey), 'hex');
  const apiKey = await renewKey(trx, clock, { id, keyPrefix, keyHash, lastsSeconds: oauthKeySeconds });
  if (!apiKey) return undefined;
  await recordAudit(trx, { userId: apiKey.userId, actor: id, action: 'api_key.renewed', target: id, details: { keyPrefix }, requestId });
  return { apiKey, fullKey };
}

/** Ends a key of kind `oauth`: its client gave it back, or showed a secret that works once a second time. */
export async function endOAuthKey(
  trx: Db,
  clock: Clock,
  { id, userId, reason }: { id: string; userId: string; reason: 'returned' | 'code_reused' | 'refresh_token_reused' },
  requestId: string,
): Promise<void> {
  const revoked = await revokeFamily(trx, clock, id);
  if (revoked.length === 0) return;
  await recordAudit(trx, { userId, actor: id, action: 'api_key.revoked', target: id, details: { revoked, reason }, requestId });
}

/** A key without a parent, with its audit row. */
async function insertRootKey(
  trx: Db,
  clock: Clock,
  key: {
    userId: string;
    kind: ApiKey['kind'];
    name: string;
    scopes: readonly string[];
    actor: string;
    renewable?: { lastsSeconds: number; until: Date };
  },
  requestId: string,
): Promise<{ apiKey: ApiKey; fullKey: string }> {
  const { userId, kind, name, actor, renewable } = key;
  const scopes = [...key.scopes];
  const { fullKey, keyPrefix, keyHash } = generateKey();
  const apiKey = await insertKey(trx, clock, {
    id: newId('key'),
    userId,
    parentId: null,
    kind,
    name,
    keyPrefix,
    keyHash: kind === 'oauth' ? Buffer.from(hashOAuthKey(fullKey), 'hex') : keyHash,
    scopes,
    expiresAt: null,
    renewable,
  });
  const details = { name, scopes, keyPrefix, kind };
  await recordAudit(trx, { userId, actor, action: 'api_key.created', target: apiKey.id, details, requestId });
  return { apiKey, fullKey };
}

/** The parent may have been revoked since it authenticated; without this, a child made at that moment would outlive it. */
async function requireActiveParent(trx: Db, principal: Principal): Promise<ApiKey> {
  const parent = await findKeyIn(trx, { userId: principal.userId }, principal.keyId as string);
  if (!parent || parent.revokedAt) throw authenticationFault('api_key_revoked');
  return parent;
}

function childExpiry(clock: Clock, parent: ApiKey | undefined, asked: Date | undefined): Date | null {
  if (asked && asked.getTime() <= clock.nowMs())
    throw badRequest('`expires_at` is in the past. Give a later moment, or leave it out for a key that does not expire.');
  const bound = parent?.expiresAt ?? null;
  if (asked && bound && asked > bound)
    throw badRequest(
      `\`expires_at\` is later than ${bound.toISOString()}, when the key that makes this one expires. A key cannot outlive its maker.`,
    );
  return asked ?? bound;
}

async function requireRoomForKey(trx: Db, clock: Clock, principal: Principal): Promise<void> {
  const limit = principal.limits.apiKeys;
  if (limit !== null && (await countActiveKeys(trx, clock, principal.userId, 'manual')) >= limit) {
    throw new SkillettError('plan_limit_reached', `Plan limit reached: maximum ${limit} API keys.`, { action: '/billing' });
  }
}

/** Ends a key and every key made with it, at once on every process. A second call changes nothing. Throws not_found for a key out of reach. */
export async function revokeApiKey(
  gateway: Gateway,
  principal: Principal,
  id: string,
  requestId: string,
): Promise<{ apiKey: ApiKey; revokedCount: number }> {
  const { db, clock } = gateway;
  // The database takes no NUL in a text, and no id has one.
  if (id.includes('\0')) throw notFound('API key');
  return db.transaction().execute(async (trx) => {
    await lockInTransaction(trx, `api-keys/${principal.userId}`);
    const range = rangeOf(principal);
    if (!(await findKeyIn(trx, range, id))) throw notFound('API key');
    const revoked = await revokeFamily(trx, clock, id);
    if (revoked.length > 0) {
      await recordAudit(trx, {
        userId: principal.userId,
        actor: principal.holderId,
        action: 'api_key.revoked',
        target: id,
        details: { revoked },
        requestId,
      });
    }
    return { apiKey: (await findKeyIn(trx, range, id)) as ApiKey, revokedCount: revoked.length };
  });
}
