/**
 * Browsers in which somebody has signed in before. The cookie that says so opens nothing: it only keeps the wrong passwords
 * of strangers from counting against its browser.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import type { Config } from '../../../core/config/config.ts';
import type { Vault } from '../../../core/crypto.ts';
import { sha256Hex } from '../../../core/crypto.ts';

interface Parts {
  config: Pick<Config, 'publicUrl'>;
  clock: Clock;
  vault: Pick<Vault, 'hmac'>;
}

/** One account's entry: a random name for this browser, until when it is good (seconds since 1970), and our signature over both and the user. */
interface Entry {
  name: string;
  expiresAt: number;
  signature: string;
}

const lastsSeconds = 365 * 24 * 60 * 60;
/** Accounts that one browser is known for; the oldest goes. */
const entriesMax = 5;

/** What the wrong passwords of this browser are counted by for this user. Undefined when the user has not signed in there within a year. */
export function findKnownBrowser(parts: Parts, cookie: string, userId: string): string | undefined {
  const nowSeconds = parts.clock.nowMs() / 1000;
  const entry = readEntries(parts, cookie).find((candidate) => candidate.expiresAt > nowSeconds && isOf(parts, candidate, userId));
  return entry && sha256Hex(`${entry.name}/${userId}`);
}

/** A Set-Cookie line with which the browser that sent this Cookie header is known for the user from now on. */
export function rememberBrowser(parts: Parts, cookie: string, userId: string): string {
  const name = randomBytes(16).toString('base64url');
  const expiresAt = Math.floor(parts.clock.nowMs() / 1000) + lastsSeconds;
  const entry = { name, expiresAt, signature: sign(parts, name, expiresAt, userId) };
  const others = readEntries(parts, cookie).filter((candidate) => !isOf(parts, candidate, userId));
  const value = [entry, ...others].slice(0, entriesMax).map(printEntry).join('.');
  const secure = isSecure(parts) ? '; Secure' : '';
  return `${cookieName(parts)}=${value}; Path=/; Max-Age=${lastsSeconds}; HttpOnly; SameSite=Lax${secure}`;
}

const isSecure = ({ config }: Parts): boolean => config.publicUrl.startsWith('https:');

/** `__Host-` keeps other hosts of the same site from setting it; without HTTPS there is no such prefix. */
function cookieName(parts: Parts): string {
  return `${isSecure(parts) ? '__Host-' : ''}skillett_known`;
}

function readEntries(parts: Parts, cookie: string): Entry[] {
  const start = `${cookieName(parts)}=`;
  const found = cookie
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(start));
  return (found?.slice(start.length) ?? '')
    .split('.', entriesMax)
    .map((text) => /^([\w-]{22})~(\d{1,12})~([0-9a-f]{64})$/.exec(text))
    .filter((match) => match !== null)
    .map(([, name, expiresAt, signature]) => ({ name: name as string, expiresAt: Number(expiresAt), signature: signature as string }));
}

function printEntry({ name, expiresAt, signature }: Entry): string {
  return `${name}~${expiresAt}~${signature}`;
}

function sign({ vault }: Parts, name: string, expiresAt: number, userId: string): string {
  return vault.hmac('known browser', JSON.stringify([name, expiresAt, userId]));
}

function isOf(parts: Parts, { name, expiresAt, signature }: Entry, userId: string): boolean {
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(sign(parts, name, expiresAt, userId), 'hex'));
}
