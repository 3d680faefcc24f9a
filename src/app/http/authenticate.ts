/** Who is asking: by a key where a request shows one, else by a session. */
import type { IncomingMessage } from 'node:http';
import type { Caller, Gateway } from '../../core/context.ts';
import { sha256Hex } from '../../core/crypto.ts';
import { authenticationFault, rateLimited, SkillettError } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import { type HashKey, keyForm, requireKeyByHash } from '../../domains/api-keys/api-keys.ts';
import type { ApiKey } from '../../domains/api-keys/store.ts';
import { planLimits } from '../../domains/limits/plans.ts';
import { countRequest, requestsPerMinute } from '../../domains/limits/requests.ts';
import { findUser, type User } from '../../domains/users/store.ts';

/** RFC 6750, section 2.1. The scheme's name is case-insensitive (RFC 9110, section 11.1). What cannot be a key of ours is refused without a look-up. */
function readBearer(request: IncomingMessage, hashKey: HashKey): Caller | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const match = /^bearer +([\x21-\x7e]{1,512})$/i.exec(header);
  if (!match) return { kind: 'none' };
  const token = match[1] as string;
  if (!keyForm.test(token)) throw authenticationFault('api_key_invalid');
  return { kind: 'api_key', hash: hashKey(token) };
}

async function readSession(gateway: Gateway, cookie: string): Promise<Caller> {
  const found = await gateway.findSession(cookie);
  return found ? { kind: 'session', sessionId: found.sessionId, userId: found.userId } : { kind: 'none' };
}

declare module '../../core/context.ts' {
  interface Gateway {
    /** The dashboard session that a Cookie header carries, if it is good now. */
    findSession: (cookie: string) => Promise<{ sessionId: string; userId: string } | undefined>;
  }
}

/** At once for a key, which is only looked up when it is used. */
export function authenticate(gateway: Gateway, request: IncomingMessage, hashKey: HashKey = sha256Hex): Caller | Promise<Caller> {
  const caller = readBearer(request, hashKey);
  if (caller) return caller;
  const { cookie } = request.headers;
  return cookie === undefined ? { kind: 'none' } : readSession(gateway, cookie);
}

/** An API key, or a session, whose user has not closed the account. */
export interface Holder {
  key: ApiKey | undefined;
  userId: string;
  user: User;
  scopes: readonly string[];
}

/** The holder behind a caller. Throws 401s. */
export async function lookUpHolder(gateway: Gateway, caller: Caller): Promise<Holder> {
  const key = await findKey(gateway, caller);
  const userId = key?.userId ?? (caller as { userId: string }).userId;
  const user = requireOpen(await findUser(gateway.db, userId));
  return { key, userId, user, scopes: scopesOf(key, user) };
}

function scopesOf(key: ApiKey | undefined, user: User): readonly string[] {
  return key?.scopes ?? (user.isOwner ? ['*', 'operator'] : ['*']);
}

async function findKey(gateway: Gateway, caller: Caller): Promise<ApiKey | undefined> {
  if (caller.kind === 'none') throw unauthorized();
  return caller.kind === 'api_key' ? requireKeyByHash(gateway.db, gateway.clock, Buffer.from(caller.hash, 'hex')) : undefined;
}

function requireOpen(user: User | undefined): User {
  if (!user || user.closedAt) throw unauthorized();
  return user;
}

/** The principal behind a caller, by one look-up that also counts the request; `holder` is what an earlier one found. Throws 401s and 429. */
export async function lookUpPrincipal(gateway: Gateway, caller: Caller, holder?: Holder): Promise<Principal> {
  const key = holder ? holder.key : await findKey(gateway, caller);
  const userId = key?.userId ?? (caller as { userId: string }).userId;
  const holderId = key?.id ?? (caller as { sessionId: string }).sessionId;
  const [found, count] = await Promise.all([holder?.user ?? findUser(gateway.db, userId), countRequest(gateway, holderId)]);
  const user = requireOpen(found);
  if (!count.granted) throw rateLimited(requestsPerMinute, 'minute', count.resetSeconds, { action: '/billing' });
  return {
    kind: key ? 'api_key' : 'session',
    userId,
    holderId,
    keyId: key?.id,
    scopes: scopesOf(key, user),
    plan: user.plan,
    limits: planLimits(gateway.config, user.plan, user.limits),
  };
}

export function unauthorized(): SkillettError {
  return authenticationFault('unauthorized');
}

/** Whether a page of ours sent this: browsers name the page's origin with everything but plain reading. */
export function isOwnOrigin({ config }: Pick<Gateway, 'config'>, origin: string | undefined): boolean {
  return origin === config.publicOrigin;
}

/** A browser sends its cookie along with other sites' requests too. Throws forbidden for those. */
export function requireOwnOrigin(gateway: Pick<Gateway, 'config'>, { headers }: IncomingMessage): void {
  if (isOwnOrigin(gateway, headers.origin)) return;
  throw new SkillettError(
    'forbidden',
    `With a dashboard session this is only accepted from ${gateway.config.publicUrl} itself (Origin header). Use an API key elsewhere.`,
  );
}
