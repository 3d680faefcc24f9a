/** How a batch of calls goes into the admitting statement. */
import type { Clock } from '../../../core/clock.ts';
import { type Config, planNames } from '../../../core/config/config.ts';
import type { AdmissionRequest } from './admit.ts';

/** Replays are no executions, but they are requests (docs/api.md, "Plans"). */
export const replaysPerMinute = 600;

export interface EncodedBatch {
  values: unknown[];
  /** By call: where the first call of the same caller stands. */
  callerAt: number[];
  /** By call: where the first call of the same caller, endpoint and account stands. */
  targetAt: number[];
}

type Text = string | null;

/** Groups calls by caller and by target, and turns them into the statement's parameters. */
export function encodeBatch(batch: readonly AdmissionRequest[], config: Pick<Config, 'plans'>, clock: Clock): EncodedBatch {
  const callers = { keyHash: [] as Text[], sessionId: [] as Text[], userId: [] as Text[], first: [] as number[] };
  const targets = {
    first: [] as number[],
    caller: [] as number[],
    integration: [] as Text[],
    endpoint: [] as Text[],
    scopes: [] as Text[],
    needsConnection: [] as boolean[],
    account: [] as Text[],
  };
  const calls = {
    target: [] as number[],
    id: [] as Text[],
    requestId: [] as Text[],
    door: [] as Text[],
    names: [] as Text[],
    hash: [] as Text[],
    key: [] as Text[],
    fingerprint: [] as Text[],
  };
  const callerNumbers = new Map<string, number>();
  const targetNumbers = new Map<string, number>();
  const callerAt: number[] = [];
  const targetAt: number[] = [];
  for (let at = 0; at < batch.length; at += 1) {
    const call = batch[at] as AdmissionRequest;
    const { caller, endpoint } = call;
    const callerName = caller.kind === 'api_key' ? caller.hash : caller.sessionId;
    let callerNumber = callerNumbers.get(callerName);
    if (callerNumber === undefined) {
      const session = caller.kind === 'session' ? caller : undefined;
      callers.keyHash.push(session ? null : callerName);
      callers.sessionId.push(session?.sessionId ?? null);
      callers.userId.push(session?.userId ?? null);
      callerNumber = callers.first.push(at + 1);
      callerNumbers.set(callerName, callerNumber);
    }
    const targetName = `${callerNumber}/${endpoint.integration}/${endpoint.name}${call.account === undefined ? '' : `/${call.account}`}`;
    let targetNumber = targetNumbers.get(targetName);
    if (targetNumber === undefined) {
      targets.caller.push(callerNumber);
      targets.integration.push(endpoint.integration);
      targets.endpoint.push(endpoint.name);
      targets.scopes.push(endpoint.acceptedScopes.join(','));
      targets.needsConnection.push(call.needsConnection);
      targets.account.push(call.account ?? null);
      targetNumber = targets.first.push(at + 1);
      targetNumbers.set(targetName, targetNumber);
    }
    callerAt.push((callers.first[callerNumber - 1] as number) - 1);
    targetAt.push((targets.first[targetNumber - 1] as number) - 1);
    calls.target.push(targetNumber);
    calls.id.push(call.callId);
    calls.requestId.push(call.requestId);
    calls.door.push(call.door);
    calls.names.push(call.parameterNames.join(','));
    calls.hash.push(call.parameterHash());
    calls.key.push(call.idempotency?.key ?? null);
    calls.fingerprint.push(call.idempotency?.fingerprint ?? null);
  }
  const values = [
    clock.offsetMs,
    textArray(planNames),
    numberArray(planNames.map((plan) => config.plans[plan].perMinute)),
    numberArray(planNames.map((plan) => config.plans[plan].perDay)),
    replaysPerMinute,
    textArray(callers.keyHash),
    textArray(callers.sessionId),
    textArray(callers.userId),
    numberArray(callers.first),
    numberArray(targets.first),
    numberArray(targets.caller),
    textArray(targets.integration),
    textArray(targets.endpoint),
    textArray(targets.scopes),
    targets.needsConnection,
    textArray(targets.account),
    numberArray(calls.target),
    textArray(calls.id),
    textArray(calls.requestId),
    textArray(calls.door),
    textArray(calls.names),
    textArray(calls.hash),
    textArray(calls.key),
    textArray(calls.fingerprint),
  ];
  return { values, callerAt, targetAt };
}

const special = /["\\]/;

/** PostgreSQL's text form of an array, which costs a quarter of what the driver's own takes. */
export function textArray(values: readonly Text[]): string {
  let text = '{';
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as Text;
    if (at > 0) text += ',';
    if (value === null) text += 'NULL';
    else text += special.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
  }
  return `${text}}`;
}

export function numberArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
