/**
 * How often a password may be guessed: per account and network, and per account over all networks, so that a stranger's
 * guesses lock nobody out at home; a browser in which its user has signed in before has counts of its own.
 */
import type { Gateway } from '../../../core/context.ts';
import { sha256Hex } from '../../../core/crypto.ts';
import { forgetHits, guardHits, takeBackHit, wideNetworkOf } from '../../limits/guard.ts';
import { findUserByEmail } from '../store.ts';
import { findKnownBrowser } from './known-browser.ts';

type Parts = Pick<Gateway, 'config' | 'clock' | 'vault' | 'db' | 'database'>;

export interface PasswordGuess {
  email: string;
  /** The client's. */
  address: string;
  /** The Cookie header. */
  cookie: string;
}

const quickly = { field: 'signInPassword', max: 10, windowSeconds: 15 * 60 };
const inDay = { field: 'signInPasswordDay', max: 100, windowSeconds: 24 * 60 * 60 };

const byLink = 'sign in with a link, which whoever runs this installation can make (`npm run sign-in-link`)';

/**
 * Counts a password before it is looked at, so that concurrent guesses count too. Returns what takes the count back once it
 * was the right one. Throws 429 `rate_limited`, alike whether or not the address has an account.
 */
export async function countPasswordGuess(parts: Parts, guess: PasswordGuess): Promise<() => Promise<void>> {
  const email = guess.email.trim().toLowerCase();
  // Hashed, since anything can be sent as an address, of any length.
  const account = sha256Hex(email);
  // No account has a longer address (RFC 5321, section 4.5.3.1.3), or one that the database could not hold.
  const user = email.length <= 254 && !email.includes('\0') ? await findUserByEmail(parts.db, email) : undefined;
  const browser = user && findKnownBrowser(parts, guess.cookie, user.id);
  const near = browser === undefined ? `network/${account}/${wideNetworkOf(guess.address)}` : `browser/${browser}`;
  const all = browser === undefined ? `account/${account}` : `browser/${browser}`;
  const place = browser === undefined ? 'network' : 'browser';
  await guardHits(
    parts,
    quickly,
    near,
    (wait) => `Too many wrong passwords for this account from this ${place}. Try again in ${wait}, or ${byLink}.`,
  );
  const elsewhere = browser === undefined ? 'use a browser in which you have signed in before, ' : '';
  await guardHits(
    parts,
    inDay,
    all,
    (wait) => `Too many wrong passwords for this account within a day. Try again in ${wait}, ${elsewhere}or ${byLink}.`,
  );
  return async () => {
    await forgetHits(parts, quickly, near);
    // The others of the day stay, or its count would begin anew with every sign-in.
    await takeBackHit(parts, inDay, all);
  };
}
