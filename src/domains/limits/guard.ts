/** Limits on fields that can be guessed or abused without a plan, per user and per address. */
import { createRequire } from 'node:module';
import { isIPv4, isIPv6 } from 'node:net';
import type { getGraphQLRateLimiter as GetGraphQLRateLimiter } from 'graphql-rate-limit';
import type { Context } from '../../core/context.ts';
import { rateLimited, SkillettError } from '../../core/errors.ts';
import { deleteHits, deleteLastHit, type RegisteredHit, registerHit } from './store.ts';

// The ES module build of a dependency of graphql-rate-limit does not load on Node 24; its CommonJS build does. Loaded on first
// use: it brings more with it than a start has time for.
let loaded: { getGraphQLRateLimiter: typeof GetGraphQLRateLimiter } | undefined;
function loadLimiter(): typeof GetGraphQLRateLimiter {
  loaded ??= createRequire(import.meta.url)('graphql-rate-limit') as NonNullable<typeof loaded>;
  return loaded.getGraphQLRateLimiter;
}

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

/** What a guard needs where no request is at hand. */
type GuardedGateway = GuardedRequest['gateway'];

/** Counts a hit of the field, and throws 429 `rate_limited` when the user or the address has had its share. */
export async function guardField(context: GuardedRequest, guard: FieldGuard): Promise<void> {
  for (const by of typeof guard.by === 'string' ? [guard.by] : guard.by) {
    const who = by === 'user' ? (await context.principal()).userId : networkOf(context.address);
    await countHit(context.gateway, guard, by, who);
  }
}

/** As guardField, by a user whom a page knows by their session. */
export async function guardUser(gateway: GuardedGateway, guard: Guard, userId: string): Promise<void> {
  await countHit(gateway, guard, 'user', userId);
}

/** As guardField, by an address where there is no context. */
export async function guardAddress(gateway: GuardedGateway, guard: Guard, address: string): Promise<void> {
  await countHit(gateway, guard, 'address', networkOf(address));
}

type Guard = Omit<FieldGuard, 'by'>;

/** As guardField, by any name of who is counted; `describe` says what is refused, and gets how long it lasts ("14 minutes"). */
export async function guardHits(gateway: GuardedGateway, guard: Guard, who: string, describe: (wait: string) => string): Promise<void> {
  const waitSeconds = await registerGuarded(gateway, guard, who);
  if (waitSeconds !== undefined) throw refusal(describe(durationName(waitSeconds)), waitSeconds);
}

/** Forgets all hits of `who`. */
export async function forgetHits({ db }: Pick<Context['gateway'], 'db'>, { field }: Guard, who: string): Promise<void> {
  await deleteHits(db, `${field}/${who}`);
}

/** Forgets one hit of `who`. */
export async function takeBackHit({ db }: Pick<Context['gateway'], 'db'>, { field }: Guard, who: string): Promise<void> {
  await deleteLastHit(db, `${field}/${who}`);
}

async function countHit(gateway: GuardedGateway, guard: Guard, by: GuardedBy, who: string): Promise<void> {
  const waitSeconds = await registerGuarded(gateway, guard, `${by}/${who}`);
  if (waitSeconds === undefined) return;
  throw rateLimited(guard.max, windowName(guard.windowSeconds), waitSeconds, by === 'user' ? { action: '/billing' } : {});
}

function refusal(message: string, waitSeconds: number): SkillettError {
  return new SkillettError('rate_limited', message, { headers: { 'retry-after': String(waitSeconds) } });
}

/**
 * graphql-rate-limit reads the hits, decides, and then writes them, which lets concurrent calls through. This store
 * registers the hit while it is read, in the database, so that every process decides on a different count. Returns how many
 * seconds a refusal lasts, and undefined for a hit that passes.
 */
async function registerGuarded(gateway: GuardedGateway, guard: Guard, who: string): Promise<number | undefined> {
  let hit: RegisteredHit | undefined;
  const limiter = loadLimiter()({
    identifyContext: () => who,
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
  return fault === undefined ? undefined : (hit?.waitSeconds ?? guard.windowSeconds);
}

function windowName(seconds: number): string {
  const names: Record<number, string> = { 60: 'minute', 3600: 'hour', 86400: 'day' };
  return names[seconds] ?? `${seconds} seconds`;
}

/** For people: `40 seconds`, `14 minutes`, `23 hours`; rounded up. */
function durationName(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours === 1 ? '1 hour' : `${hours} hours`;
}

/** As networkOf, and an IPv4 address with its neighbours in the /24, which one attacker often holds together. */
export function wideNetworkOf(address: string): string {
  return isIPv4(address) ? `${address.slice(0, address.lastIndexOf('.'))}.0/24` : networkOf(address);
}

/** As wideNetworkOf, and of IPv6 the /48 that one site gets (RFC 6177), with 65,536 networks. */
export function siteOf(address: string): string {
  return isIPv6(address) ? `${networkOf(address).split(':').slice(0, 3).join(':')}::/48` : wideNetworkOf(address);
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
