/** Limits on fields that can be guessed or abused without a plan, per user and per address. */
import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import type { getGraphQLRateLimiter as GetGraphQLRateLimiter } from 'graphql-rate-limit';
import type { Context } from '../../core/context.ts';
import { sha256Hex } from '../../core/crypto.ts';
import { SkillettError } from '../../core/errors.ts';
import { deleteHits, type RegisteredHit, registerHit } from './store.ts';

// The ES module build of a dependency of graphql-rate-limit does not load on Node 24; its CommonJS build does.
const { getGraphQLRateLimiter } = createRequire(import.meta.url)('graphql-rate-limit') as {
  getGraphQLRateLimiter: typeof GetGraphQLRateLimiter;
};

export interface FieldGuard {
  /** The field, or the door, that is guarded; hits are counted by it. */
  field: string;
  /** How many pass within any `windowSeconds`. */
  max: number;
  windowSeconds: number;
  by: GuardedBy | readonly GuardedBy[];
}

type GuardedBy = 'user' | 'address';

/** What a guard needs of a request; `Context` has it all. */
export type GuardedRequest = Pick<Context, 'address' | 'principal'> & { gateway: Pick<Context['gateway'], 'database' | 'clock'> };

/** What a guard by e-mail address needs. */
type GuardedGateway = GuardedRequest['gateway'];

/** Counts a hit of the field, and throws 429 `rate_limited` when the user or the address has had its share. */
export async function guardField(context: GuardedRequest, guard: FieldGuard): Promise<void> {
  for (const by of typeof guard.by === 'string' ? [guard.by] : guard.by) {
    const who = by === 'user' ? (await context.principal()).userId : networkOf(context.address);
    await countHit(context.gateway, guard, by, who);
  }
}

/** As guardField, by a user whom a page knows by their session. */
export async function guardUser(gateway: GuardedGateway, guard: Omit<FieldGuard, 'by'>, userId: string): Promise<void> {
  await countHit(gateway, guard, 'user', userId);
}

/** As guardField, by the e-mail address that somebody tries to sign in with, whether or not it has an account. */
export async function guardEmail(gateway: GuardedGateway, guard: Omit<FieldGuard, 'by'>, email: string): Promise<void> {
  await countHit(gateway, guard, 'email', emailIdentity(email));
}

/** Forgets the hits of an e-mail address, because the right password followed them. */
export async function forgetEmail({ db }: Pick<Context['gateway'], 'db'>, field: string, email: string): Promise<void> {
  await deleteHits(db, `${field}/email/${emailIdentity(email)}`);
}

/** Hashed, since anything can be sent as an address, of any length. */
function emailIdentity(email: string): string {
  return sha256Hex(email.trim().toLowerCase());
}

/**
 * graphql-rate-limit reads the hits, decides, and then writes them, which lets concurrent calls through. This store
 * registers the hit while it is read, in the database, so that every process decides on a different count.
 */
async function countHit(gateway: GuardedGateway, guard: Omit<FieldGuard, 'by'>, by: GuardedBy | 'email', who: string): Promise<void> {
  let hit: RegisteredHit | undefined;
  const limiter = getGraphQLRateLimiter({
    identifyContext: () => `${by}/${who}`,
    store: {
      getForIdentity: async ({ contextIdentity, fieldIdentity }) => {
        hit = await registerHit(gateway.database, gateway.clock, `${fieldIdentity}/${contextIdentity}`, guard.max, guard.windowSeconds);
        // The database has dropped those outside the window by its own time; to the limiter they are all of now.
        return new Array<number>(hit.before).fill(Date.now());
      },
      setForIdentity: () => {},
    },
  });
  const fault = await limiter(
    { parent: undefined, args: {}, context: {}, info: { fieldName: guard.field } as Parameters<typeof limiter>[0]['info'] },
    { max: guard.max, window: `${guard.windowSeconds}s` },
  );
  if (fault === undefined) return;
  const waitSeconds = hit?.waitSeconds ?? guard.windowSeconds;
  throw new SkillettError(
    'rate_limited',
    `Rate limit reached (${guard.max} requests per ${windowName(guard.windowSeconds)}). Retry in ${waitSeconds} s.`,
    { action: by === 'user' ? '/billing' : undefined, headers: { 'retry-after': String(waitSeconds) } },
  );
}

function windowName(seconds: number): string {
  const names: Record<number, string> = { 60: 'minute', 3600: 'hour', 86400: 'day' };
  return names[seconds] ?? `${seconds} seconds`;
}

/** An IPv6 client has a whole /64 of addresses to ask from (RFC 6177), so these count as one. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%', 1)[0] as string).split('::') as [string, string | undefined];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
