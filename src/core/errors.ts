/**
 * Every failure a client can meet, in one table. Anything thrown that is not a SkillettError is a bug: it is masked
 * as `internal` and logged with the request id.
 */
import { GraphQLError } from 'graphql';
import { listNearMisses } from './text/near-miss.ts';

/** Code → HTTP status. Order and meaning are those of docs/api.md, "Answers". */
export const errorStatus = {
  bad_request: 400,
  credential_rejected: 400,
  unauthorized: 401,
  api_key_invalid: 401,
  api_key_revoked: 401,
  api_key_expired: 401,
  token_expired: 401,
  forbidden: 403,
  integration_not_connected: 403,
  scope_not_allowed: 403,
  plan_limit_reached: 403,
  consent_required: 403,
  connection_frozen: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  account_required: 409,
  idempotency_in_progress: 409,
  outcome_unknown: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  daily_limit_reached: 429,
  rate_limited: 429,
  internal: 500,
  upstream_failed: 502,
  upstream_unreachable: 502,
  upstream_unexpected: 502,
  unavailable: 503,
  upstream_timeout: 504,
} as const;

export type ErrorCode = keyof typeof errorStatus;

/** One fault of several: where it is (`params.title`) and what to do about it. */
export interface Fault {
  path: string;
  message: string;
}

interface ErrorOptions {
  /** Path below PUBLIC_URL, or a whole link; the door makes it absolute. */
  action?: string | undefined;
  details?: Fault[] | undefined;
  /** Extra response headers, for instance `Retry-After`. */
  headers?: Record<string, string> | undefined;
  /** Never shown; logged beside the request id. */
  cause?: unknown;
  call?: FailedCall | undefined;
}

/** What a typed field of GraphQL tells of the call that failed, beside the code. */
export interface FailedCall {
  /** The service's, or that of the code. */
  status: number;
  /** The service's own answer. */
  error?: unknown;
  /** Missing where nothing was admitted. */
  callId?: string | undefined;
}

/**
 * A failure that the client is told about. GraphQL shows it with `extensions.code`, `actionUrl`, `details`; REST as
 * `{"error","message","action_url","details"}` with the status of its code.
 */
export class SkillettError extends GraphQLError {
  readonly code: ErrorCode;
  readonly action: string | undefined;
  readonly details: Fault[] | undefined;
  readonly headers: Record<string, string>;
  readonly call: FailedCall | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, {
      originalError: options.cause instanceof Error ? options.cause : null,
      extensions: { code, ...(options.details ? { details: options.details } : {}) },
    });
    this.name = 'SkillettError';
    this.code = code;
    this.action = options.action;
    this.details = options.details;
    this.call = options.call;
    this.headers = { ...challengeFor(code), ...options.headers };
  }

  get status(): number {
    return errorStatus[this.code];
  }
}

/** RFC 6750, section 3: our own 401 and 403 say which scheme to use and, where a token was sent, what was wrong with it. */
function challengeFor(code: ErrorCode): Record<string, string> {
  const status = errorStatus[code];
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer realm="skillett"' };
  if (status === 401) return { 'www-authenticate': 'Bearer realm="skillett", error="invalid_token"' };
  if (status === 403) return { 'www-authenticate': 'Bearer realm="skillett", error="insufficient_scope"' };
  return {};
}

const authenticationFaults = {
  unauthorized: ['Missing or invalid authorization.', undefined],
  api_key_invalid: ['Invalid API key.', '/dashboard/api-keys'],
  api_key_revoked: ['This API key has been revoked.', '/dashboard/api-keys'],
  api_key_expired: ['This API key has expired.', '/dashboard/api-keys'],
} as const;

/** The codes that refuse whoever asks, whatever was asked. */
export type AuthenticationFault = keyof typeof authenticationFaults;

export function isAuthenticationFault(code: string | null): code is AuthenticationFault {
  return code !== null && Object.hasOwn(authenticationFaults, code);
}

export function authenticationFault(code: AuthenticationFault): SkillettError {
  const [message, action] = authenticationFaults[code];
  return new SkillettError(code, message, { action });
}

/** `per`: `minute`, or another span of time. */
export function rateLimited(
  limit: number | null,
  per: string,
  waitSeconds: number,
  options: Pick<ErrorOptions, 'action' | 'headers'> = {},
): SkillettError {
  return new SkillettError('rate_limited', `Rate limit reached (${limit} requests per ${per}). Retry in ${waitSeconds} s.`, {
    action: options.action,
    headers: { 'retry-after': String(waitSeconds), ...options.headers },
  });
}

export function badRequest(message: string, details?: Fault[]): SkillettError {
  return new SkillettError('bad_request', message, { details });
}

export function notFound(resource: string): SkillettError {
  return new SkillettError('not_found', `${resource} not found.`);
}

/** As notFound, with the nearest of the names that there are, so that whoever mistyped one can mend it. `path` is the argument's name. */
export function notFoundNear(resource: string, path: string, name: string, candidates: readonly string[]): SkillettError {
  const near = listNearMisses(name, candidates).map((candidate) => ({ path, message: `Did you mean \`${candidate}\`?` }));
  return new SkillettError('not_found', `${resource} not found.`, near.length > 0 ? { details: near } : {});
}

export function unavailable(message: string, retryAfterSeconds: number, cause?: unknown): SkillettError {
  return new SkillettError('unavailable', message, { headers: { 'retry-after': String(retryAfterSeconds) }, cause });
}
