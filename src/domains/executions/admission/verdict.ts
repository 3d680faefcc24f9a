/** What a row of the admitting statement means for its call. */
import type { Config, PlanName } from '../../../core/config/config.ts';
import { type ErrorCode, SkillettError } from '../../../core/errors.ts';
import type { Principal } from '../../../core/principal.ts';
import { quoted } from '../../../core/text/quoted.ts';
import type { AdmittedConnection } from '../../connections/connections.ts';
import { planLimits } from '../../limits/plans.ts';
import type { Admission, AdmissionRequest } from './admit.ts';
import { type EncodedBatch, replaysPerMinute } from './batch.ts';

/** A result row, in the order of the calls. What belongs to a caller or a target stands in the row of its first call only. */
export interface AdmittedRow {
  /** Null: admitted. Otherwise `replayed`, or the code of the refusal. */
  verdict: 'replayed' | ErrorCode | null;
  minute_remaining: number | null;
  user_id: string | null;
  holder_id: string;
  key_id: string | null;
  scopes: string;
  plan: PlanName;
  limits: Record<string, number | null> | null;
  minute_resets: number;
  day_resets: number;
  connection_id: string | null;
  account: string;
  auth_type: string;
  credential: string;
  credential_version: number;
  provider_scopes: string | null;
  access_expires_at: Date | null;
  status: 'connected' | 'reconnect_needed';
  status_reason: string | null;
  frozen_at: Date | null;
  /** When no connection could be chosen: the accounts there are. */
  accounts: string[] | null;
  first_call_id?: string | null;
  first_answer?: string | null;
  first_status?: number | null;
  /** It found an answer to its idempotency key, and is limited as a request. */
  is_replay?: boolean;
}

/** The outcome of each call, in order: an Admission, or the refusal. */
export function readVerdicts(
  batch: readonly AdmissionRequest[],
  { callerAt, targetAt }: EncodedBatch,
  rows: readonly AdmittedRow[],
  config: Pick<Config, 'plans'>,
): (Admission | SkillettError)[] {
  const principals: Principal[] = [];
  const connections: (AdmittedConnection | undefined)[] = [];
  return batch.map((call, at) => {
    const callerFirst = callerAt[at] as number;
    const targetFirst = targetAt[at] as number;
    const row = rows[at] as AdmittedRow;
    const ofCaller = rows[callerFirst] as AdmittedRow;
    const ofTarget = rows[targetFirst] as AdmittedRow;
    if (isAuthenticationFault(row.verdict)) return authenticationFault(row.verdict);
    if (callerFirst === at) principals[at] = readPrincipal(call, row, config);
    if (targetFirst === at) connections[at] = readConnection(row);
    const principal = principals[callerFirst] as Principal;
    const limit = principal.limits.perMinute;
    const minute = {
      limit,
      remaining: limit === null ? null : Math.max(0, row.minute_remaining ?? 0),
      resetSeconds: ofCaller.minute_resets,
    };
    if (row.verdict !== null && row.verdict !== 'replayed') return refusal(call, row, row.verdict, principal, ofCaller, minute);
    const replay =
      row.verdict === 'replayed'
        ? { status: row.first_status as number, answer: row.first_answer ?? null, callId: row.first_call_id as string }
        : undefined;
    const claim =
      call.idempotency && !replay ? { holderId: principal.holderId, key: call.idempotency.key, callId: call.callId } : undefined;
    const connectionFault = replay ? undefined : chooseFault(call, ofTarget.accounts);
    return { principal, connection: connections[targetFirst], connectionFault, minute, replay, claim };
  });
}

function readPrincipal(call: AdmissionRequest, row: AdmittedRow, config: Pick<Config, 'plans'>): Principal {
  return {
    kind: call.caller.kind,
    userId: row.user_id as string,
    holderId: row.holder_id,
    keyId: row.key_id ?? undefined,
    scopes: row.scopes.split(','),
    plan: row.plan,
    limits: planLimits(config, row.plan, row.limits),
  };
}

function readConnection(row: AdmittedRow): AdmittedConnection | undefined {
  if (row.connection_id === null) return undefined;
  const scopes = row.provider_scopes;
  return {
    id: row.connection_id,
    account: row.account,
    authType: row.auth_type,
    credential: row.credential,
    credentialVersion: row.credential_version,
    providerScopes: scopes === null ? null : scopes === '' ? [] : scopes.split(' '),
    accessExpiresAt: row.access_expires_at,
    status: row.status,
    statusReason: row.status_reason,
    frozenAt: row.frozen_at,
  };
}

const authenticationFaults = {
  unauthorized: ['Missing or invalid authorization.', undefined],
  api_key_invalid: ['Invalid API key.', '/dashboard/api-keys'],
  api_key_revoked: ['This API key has been revoked.', '/dashboard/api-keys'],
  api_key_expired: ['This API key has expired.', '/dashboard/api-keys'],
} as const;

type AuthenticationFault = keyof typeof authenticationFaults;

function isAuthenticationFault(verdict: AdmittedRow['verdict']): verdict is AuthenticationFault {
  return verdict !== null && Object.hasOwn(authenticationFaults, verdict);
}

export function authenticationFault(code: AuthenticationFault): SkillettError {
  const [message, action] = authenticationFaults[code];
  return new SkillettError(code, message, { action });
}

function refusal(
  call: AdmissionRequest,
  row: AdmittedRow,
  code: ErrorCode,
  principal: Principal,
  caller: AdmittedRow,
  minute: Admission['minute'],
): SkillettError {
  const { integration } = call.endpoint;
  const first = row.first_call_id;
  switch (code) {
    case 'scope_not_allowed':
      return new SkillettError(code, `API key does not have access to the ${integration} integration.`);
    case 'rate_limited': {
      const limit = row.is_replay ? replaysPerMinute : minute.limit;
      return new SkillettError(code, `Rate limit reached (${limit} requests per minute). Retry in ${minute.resetSeconds} s.`, {
        action: '/billing',
        headers: { 'retry-after': String(minute.resetSeconds), ...limitHeaders(minute) },
      });
    }
    case 'daily_limit_reached':
      return new SkillettError(code, `Daily API call limit reached (${principal.limits.perDay}). Resets at midnight UTC.`, {
        action: '/billing',
        headers: { 'retry-after': String(caller.day_resets), ...limitHeaders(minute) },
      });
    case 'idempotency_mismatch':
      return new SkillettError(
        code,
        'This idempotency key was used with another endpoint, account, `select` or parameters. A different call needs a new key.',
        { headers: limitHeaders(minute) },
      );
    case 'idempotency_in_progress':
      return new SkillettError(code, `The first call with this idempotency key (${first}) is still running. Ask again shortly.`, {
        headers: { 'retry-after': '1', ...limitHeaders(minute) },
      });
    default:
      return new SkillettError(
        'outcome_unknown',
        `The first call with this idempotency key (${first}) was sent to ${integration} and its answer was lost, so it may or may not have taken effect. Look in ${integration} for what it should have done; only when that is not there, call again with a new idempotency key.`,
        { headers: limitHeaders(minute) },
      );
  }
}

/** Executions carry these (docs/api.md, "Answers"), refused ones too. */
export function limitHeaders({ limit, remaining, resetSeconds }: Admission['minute']): Record<string, string> {
  if (limit === null || remaining === null) return {};
  return { 'ratelimit-limit': String(limit), 'ratelimit-remaining': String(remaining), 'ratelimit-reset': String(resetSeconds) };
}

function chooseFault(call: AdmissionRequest, accounts: string[] | null): SkillettError | undefined {
  if (accounts === null) return undefined;
  const { integration } = call.endpoint;
  if (accounts.length === 0) {
    return new SkillettError('integration_not_connected', `The user needs to connect their ${integration} account first.`, {
      action: '/dashboard/integrations',
    });
  }
  const names = accounts.map((account) => quoted(account)).join(', ');
  return new SkillettError(
    'account_required',
    call.account === undefined
      ? `The user has ${accounts.length} ${integration} accounts and none is the default. Name one in \`account\`: ${names}.`
      : `The user has no ${integration} account of this name. \`account\` may be: ${names}.`,
    {
      action: `/dashboard/integrations/${integration}`,
      details: accounts.map((account) => ({ path: 'account', message: account })),
    },
  );
}
