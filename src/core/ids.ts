import { randomBytes } from 'node:crypto';

export type IdPrefix = 'user' | 'key' | 'conn' | 'call' | 'req' | 'sess' | 'acct' | 'ver' | 'aud' | 'dev' | 'inv';

/** `key_…`: a prefix that says what it names, and 128 random bits in hex. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBytes(16).toString('hex')}`;
}

/** As newId, with 48 bits of milliseconds in front, so that ids sort by time (calls, audit rows: append-only indexes stay dense). */
export function newTimeOrderedId(prefix: IdPrefix, nowMs: number): string {
  return `${prefix}_${nowMs.toString(16).padStart(12, '0')}${randomBytes(10).toString('hex')}`;
}
