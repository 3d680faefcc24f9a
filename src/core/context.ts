import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Vault } from './crypto.ts';
import type { Database, Db } from './database/database.ts';
import type { Log } from './log.ts';
import type { Outbound } from './outbound/outbound.ts';
import type { Principal } from './principal.ts';
import type { LeavingSignal } from './turns/leaving.ts';

/**
 * What lives as long as the process. core knows no domain, so each domain adds its own part by declaration merging
 * (`declare module '../../core/context.ts' { interface Gateway { … } }`), and `app/process/gateway.ts` wires them all.
 */
export interface Gateway {
  config: Config;
  database: Database;
  db: Db;
  clock: Clock;
  log: Log;
  vault: Vault;
  outbound: Outbound;
}

export type Door = 'rest' | 'graphql' | 'mcp';

/** What a request showed of itself, before any look-up for keys; a session has been looked up already. */
export type Caller =
  | { kind: 'none' }
  /** `hash` is the SHA-256 of the key as it was sent, in hex. */
  | { kind: 'api_key'; hash: string }
  | { kind: 'session'; sessionId: string; userId: string };

/** What a resolver may reach, through whichever door the request came. */
export interface Context {
  gateway: Gateway;
  requestId: string;
  door: Door;
  /** The client's address, with TRUST_PROXY considered. */
  address: string;
  userAgent: string | undefined;
  /** Aborted when the client leaves. */
  signal: LeavingSignal;
  /** What the request carries, unchecked for keys; see `principal`. Throws 401 `api_key_invalid` for what has not the form of a key. */
  caller(): Caller | Promise<Caller>;
  /** Whose key or session it is: one look-up, which does not count against the limit of requests. Throws the 401s of `principal`. */
  holder(): Promise<{ userId: string; scopes: readonly string[] }>;
  /** Who is asking, looked up once per request. Throws 401 `unauthorized`, `api_key_invalid`, `api_key_revoked`, `api_key_expired`, 429 `rate_limited`. */
  principal(): Promise<Principal>;
  /** One value per request, for DataLoaders. */
  once<T>(name: string, make: () => T): T;
  /** Headers the door adds to its answer (`RateLimit-…`, `Idempotent-Replayed`). */
  answerHeaders: Map<string, string>;
}
