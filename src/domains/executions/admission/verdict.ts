/** What a row of the admitting statement means for its call. */
import type { Config } from '../../../core/config/config.ts';
import type { PlanName } from '../../../core/config/plans.ts';
import {
  authenticationFault,
  type ErrorCode,
  type Fault,
  isAuthenticationFault,
  rateLimited,
  SkillettError,
} from '../../../core/errors.ts';
import type { Principal } from '../../../core/principal.ts';
import { quoted } from '../../../core/text/quoted.ts';
import type { AdmittedConnection } from '../../connections/connections.ts';
import { planLimits } from '../../limits/plans.ts';
import { requestsPerMinute } from '../../limits/requests.ts';
import type { Variables } from '../../recipes/variables.ts';
import type { Admission, AdmissionRequest } from './admit.ts';

/** What the statements say of a caller. Times come as text where they stand in JSON. */
export interface AdmittedCaller {
  user_id: string | null;
  holder_id: string;
  key_id: string | null;
  scopes: string[];
  plan: PlanName;
  limits: Record<string, number | null> | null;
  minute_resets: number;
  day_resets: number;
}

/** What they say of a target: the connection that was chosen, or that none could be. */
export interface AdmittedTarget {
  connection_id: string | null;
  account: string;
  auth_type: string;
  credential: string;
  credential_version: number;
  provider_scopes: string[] | null;
  access_expires_at: Date | string | null;
  status: 'connected' | 'reconnect_needed';
  status_reason: string | null;
  frozen_at: Date | string | null;
  variables: Variables;
  /** When no connection could be chosen: the accounts there are. */
  accounts: string[] | null;
}

export interface AdmittedCall {
  /** Null: admitted. Otherwise `replayed`, or the code of the refusal. */
  verdict: 'replayed' | ErrorCode | null;
  minute_remaining: number | null;
  first_call_id?: string | null;
  first_answer?: string | null;
  first_status?: number | null;
  /** It found an answer to its idempotency key, and is limited as a request. */
  is_replay?: boolean;
}

/** The row of the statement for a batch: its three sections, each in the order of its numbers, which begin at 1. */
export interface BatchRow {
  callers: AdmittedCaller[];
  targets: (AdmittedTarget & { caller_no: number })[];
  calls: (AdmittedCall & { target_no: number })[];
}

/** The row of the statement for a single call is its caller, its target and itself. */
export type SingleRow = AdmittedCaller & AdmittedTarget & AdmittedCall;

type Outcome = Admission | SkillettError;

/** The outcome of each call, in order: an Admission, or the refusal. */
export function readBatch(batch: readonly AdmissionRequest[], row: BatchRow, config: Pick<Config, 'plans'>): Outcome[] {
  const principals = row.callers.map((caller) => readPrincipal(caller, config));
  const connections = row.targets.map(readConnection);
  return row.calls.map((admitted, at) => {
    const target = row.targets[admitted.target_no - 1] as BatchRow['targets'][0];
    const caller = row.callers[target.caller_no - 1] as AdmittedCaller;
    const principal = principals[target.caller_no - 1] as Principal;
    return readCall(batch[at] as AdmissionRequest, {
      ...admitted,
      caller,
      principal,
      target,
      connection: connections[admitted.target_no - 1],
    });
  });
}

export function readSingle(call: AdmissionRequest, row: SingleRow, config: Pick<Config, 'plans'>): Outcome {
  return readCall(call, { ...row, caller: row, principal: readPrincipal(row, config), target: row, connection: readConnection(row) });
}

type ReadCall = AdmittedCall & {
  caller: AdmittedCaller;
  principal: Principal;
  target: AdmittedTarget;
  connection: AdmittedConnection | undefined;
};

function readCall(call: AdmissionRequest, admitted: ReadCall): Outcome {
  const { verdict, principal, caller } = admitted;
  if (isAuthenticationFault(verdict)) return authenticationFault(verdict);
  const limit = principal.limits.perMinute;
  const remaining = limit === null ? null : Math.max(0, admitted.minute_remaining ?? 0);
  const minute = { limit, remaining, resetSeconds: caller.minute_resets };
  if (verdict !== null && verdict !== 'replayed') return refusal(call, admitted, verdict, minute);
  const replay =
    verdict === 'replayed'
      ? { status: admitted.first_status as number, answer: admitted.first_answer ?? null, callId: admitted.first_call_id as string }
      : undefined;
  const claim = call.idempotency && !replay ? { holderId: principal.holderId, key: call.idempotency.key, callId: call.callId } : undefined;
  const connectionFault = replay ? undefined : chooseFault(call, admitted.target.accounts);
  return { principal, connection: admitted.connection, connectionFault, minute, replay, claim };
}

function readPrincipal(caller: AdmittedCaller, config: Pick<Config, 'plans'>): Principal {
  return {
    kind: caller.key_id === null ? 'session' : 'api_key',
    userId: caller.user_id as string,
    holderId: caller.holder_id,
    keyId: caller.key_id ?? undefined,
    scopes: caller.scopes,
    plan: caller.plan,
    limits: planLimits(config, caller.plan, caller.limits),
  };
}

function readConnection(target: AdmittedTarget): AdmittedConnection | undefined {
  if (target.connection_id === null) return undefined;
  return {
    id: target.connection_id,
    account: target.account,
    authType: target.auth_type,
    credential: target.credential,
    credentialVersion: target.credential_version,
    providerScopes: target.provider_scopes,
    accessExpiresAt: timeOf(target.access_expires_at),
    status: target.status,
    statusReason: target.status_reason,
    frozenAt: timeOf(target.frozen_at),
    variables: target.variables,
  };
}

function timeOf(time: Date | string | null): Date | null {
  return typeof time === 'string' ? new Date(time) : time;
}

function refusal(
  call: AdmissionRequest,
  { principal, caller, ...admitted }: ReadCall,
  code: ErrorCode,
  minute: Admission['minute'],
): SkillettError {
  const { integration } = call.endpoint;
  const first = admitted.first_call_id;
  switch (code) {
    case 'scope_not_allowed':
      return new SkillettError(
        code,
        call.endpoint.proxied
          ? `API key does not have access to the proxy of the ${integration} integration: that takes the scope \`${integration}:proxy\`, which no other scope of ${integration} holds.`
          : `API key does not have access to the ${integration} integration.`,
        call.endpoint.proxied || call.endpoint.readOnly ? {} : { details: [sayWhoMayWrite(integration, call.endpoint.name)] },
      );
    case 'rate_limited':
      return rateLimited(admitted.is_replay ? requestsPerMinute : minute.limit, 'minute', minute.resetSeconds, {
        action: '/billing',
        headers: limitHeaders(minute),
      });
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
      return new SkillettError(code, `The first call with ${nameOfClaim(call)} (${first}) is still running. Ask again shortly.`, {
        headers: { 'retry-after': '1', ...limitHeaders(minute) },
      });
    default:
      return new SkillettError(
        'outcome_unknown',
        `The first call with ${nameOfClaim(call)} (${first}) was sent to ${integration} and its answer was lost, so it may or may not have taken effect. Look in ${integration} for what it should have done; only when that is not there, call again with a new idempotency key.`,
        { headers: limitHeaders(minute) },
      );
  }
}

function nameOfClaim({ idempotency }: AdmissionRequest): string {
  return idempotency?.messageSeconds === undefined ? 'this idempotency key' : 'the same request id and arguments';
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

/** A key that may only read would take the sentence for no access at all. */
function sayWhoMayWrite(integration: string, name: string): Fault {
  const scopes = `\`${integration}\` or \`${integration}.${name}\``;
  return {
    path: 'endpoint',
    message: `\`${name}\` may change something, which \`${integration}:read\` does not allow: it takes the scope ${scopes}.`,
  };
}
