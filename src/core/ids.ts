import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched for many ids at once: each fetch costs 2 µs, whatever its length. */
const pool = Buffer.allocUnsafeSlow(4_096);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

export type IdPrefix =
  | 'user'
  | 'key'
  | 'conn'
  | 'call'
  | 'req'
  | 'sess'
  | 'acct'
  | 'ver'
  | 'aud'
  | 'dev'
  | 'inv'
  | 'own'
  | 'imp'
  | 'client'
  | 'grant';

/** `key_…`: a prefix that says what it names, and 128 random bits in hex. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomHex(16)}`;
}

/** As newId, with 48 bits of milliseconds in front, so that ids sort by time (calls, audit rows: append-only indexes stay dense). */
export function newTimeOrderedId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}_${nowMs.toString(16).padStart(12, '0')}${randomHex(10)}`;
}
