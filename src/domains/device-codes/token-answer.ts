/** What a poll is answered, in the two dialects: this project's own, and OAuth's (RFC 8628, section 3.5; RFC 6749, section 5.2). */
import type { PollOutcome } from './redeem.ts';

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code';

export type PollError =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'already_used'
  | 'invalid_grant'
  | 'invalid_request'
  | 'unsupported_grant_type';

export interface TokenAnswer {
  status: 'pending' | 'complete' | 'denied' | 'expired' | 'used' | 'invalid';
  /** Null when complete. */
  error: PollError | null;
  message: string | null;
  user: { email: string; displayName: string } | null;
  accessToken: string | null;
  /** Separated by spaces (RFC 6749, section 3.3). */
  scope: string | null;
}

type Unfinished = Exclude<PollOutcome['state'], 'complete'> | 'wrong_grant';

interface Description {
  status: TokenAnswer['status'];
  error: PollError;
  /** Where OAuth names it differently. */
  oauthError?: PollError;
  message: string;
}

const descriptions: Record<Unfinished, Description> = {
  pending: {
    status: 'pending',
    error: 'authorization_pending',
    message: 'Nobody has decided about this device yet. Ask again after the interval.',
  },
  slow_down: {
    status: 'pending',
    error: 'slow_down',
    message: 'This poll came before the interval was over. Wait five seconds longer than before, from now on.',
  },
  denied: {
    status: 'denied',
    error: 'access_denied',
    message: 'The device was denied, or the account or session that approved it has ended.',
  },
  expired: { status: 'expired', error: 'expired_token', message: 'The code has expired. Start the device login again.' },
  used: {
    status: 'used',
    error: 'already_used',
    oauthError: 'invalid_grant',
    message: 'This code was redeemed before, and works once. Start the device login again.',
  },
  unknown: { status: 'invalid', error: 'invalid_grant', message: 'There is no such device code. Start the device login again.' },
  malformed: {
    status: 'invalid',
    error: 'invalid_request',
    message: '`device_code` must be the 40 hex digits that the device login began with.',
  },
  wrong_grant: { status: 'invalid', error: 'unsupported_grant_type', message: `The only \`grant_type\` here is ${deviceGrantType}.` },
};

export function describePoll(outcome: PollOutcome | { state: 'wrong_grant' }, oauth: boolean): TokenAnswer {
  if (outcome.state === 'complete') {
    const { user, key } = outcome;
    return {
      status: 'complete',
      error: null,
      message: null,
      user,
      accessToken: key?.fullKey ?? null,
      scope: key?.scopes.join(' ') ?? null,
    };
  }
  const { status, error, oauthError, message } = descriptions[outcome.state];
  return { status, error: oauth ? (oauthError ?? error) : error, message, user: null, accessToken: null, scope: null };
}
