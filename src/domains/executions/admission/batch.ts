/**
 * The statement that admits a batch of calls: who calls, minute, day, connection, idempotency claim, row. Its steps read only
 * what the step before returned, since every part of a statement sees the tables as they were when it began. Calls are grouped
 * by caller and by target (caller, endpoint, account); counters and claims are written grouped and in order, so that no row is
 * met twice and no two statements lock the same rows in opposite order.
 */
import type { AdmissionRequest } from './admit.ts';
import * as rules from './rules.ts';

// `(select $2::jsonb)` and not `$2`: what the planner can look into it plans anew each time, which takes longer than the statement.
function batchText(claims: boolean): string {
  const isReplay = claims ? rules.isReplay : 'false';
  return `
with
callers as materialized (
  select c.no, s.at, ${rules.callerFacts}
  from jsonb_to_recordset((select $2::jsonb)) as c(no int, "keyHash" text, "sessionId" text, "sessionUserId" text)
  cross join ${rules.settings} ${rules.callerJoins}
),
targets as materialized (
  select
    t.no, t."callerNo", t.integration, t.endpoint, k.user_id, k.holder_id, k.key_id, ${rules.limitColumns('k')}, k.at, ${rules.targetFacts}
  from jsonb_to_recordset((select $3::jsonb)) as t(
    no int, "callerNo" int, integration text, endpoint text, "acceptedScopes" text[], "needsConnection" boolean, "wantedAccount" text)
  join callers k on k.no = t."callerNo" ${rules.connectionJoin}
),
asked as materialized (
  select
    c.*, t."callerNo", t.connected, t.fault, t.user_id, t.holder_id, ${rules.limitColumns('t')}, t.at, ${isReplay} as is_replay,
    ${claims ? rules.earlierFacts : ''}
    row_number() over (partition by t."callerNo", t.fault, ${isReplay} order by c.n) as minute_place
  from jsonb_to_recordset((select $4::jsonb)) as c(
    n int, "targetNo" int, "callId" text, "requestId" text, door text, path text, "parameterNames" text[], "parameterHash" text,
    "idempotencyKey" text, fingerprint text, "claimSeconds" int)
  join targets t on t.no = c."targetNo" ${claims ? rules.earlierClaim('t.holder_id', 't.at') : ''}
),
minute_counted as (
  insert into minute_counters as m (holder_id, minute, executions, allowance, requests, last_used_at)
  select
    holder_id, date_trunc('minute', min(at), 'UTC'), least((count(*) filter (where not is_replay))::int, min(per_minute)),
    coalesce(min(per_minute), ${rules.unlimited}), (count(*) filter (where is_replay))::int, min(at)
  from asked where fault is null group by holder_id order by holder_id ${rules.countMinute}
),
in_minute as materialized (
  select a.*, m.executions - least(m.executions, m.allowance) as minute_before, ${rules.minuteFault} as minute_fault
  from asked a left join minute_counted m on m.holder_id = a.holder_id
),
day_counted as (
  insert into day_counters as d (user_id, day, executions, allowance)
  select user_id, (min(at) at time zone 'UTC')::date, least(count(*)::int, min(per_day)), coalesce(min(per_day), ${rules.unlimited})
  from in_minute where minute_fault is null and not is_replay group by user_id order by user_id ${rules.countDay}
),
limited as materialized (
  select
    i.*,
    case
      when i.minute_fault is not null then i.minute_fault
      when i.is_replay then null
      when row_number() over (partition by i.user_id, i.minute_fault, i.is_replay order by i.n) > d.allowance then 'daily_limit_reached'
    end as limit_fault
  from in_minute i left join day_counted d on d.user_id = i.user_id
),
${claims ? rules.claiming : rules.notClaiming}
written as (
  ${rules.writeRow}
  from decided d join targets t on t.no = d."targetNo" where ${rules.hasRow}
)
select
  (select json_agg(c order by c.no) from (
    select k.no, k.user_id, k.holder_id, k.key_id, k.scopes, k.plan, k.limits, ${rules.resets} from callers k
  ) c) as callers,
  (select json_agg(c order by c.no) from (select t.no, t."callerNo" as caller_no, ${rules.connectionColumns} from targets t) c) as targets,
  (select json_agg(c order by c.n) from (
    select d.n, d."targetNo" as target_no, d.verdict, ${rules.minuteRemaining} ${claims ? rules.firstFacts : ''} from decided d
  ) c) as calls`;
}

const plainStatement = { name: 'admit', text: batchText(false) };
const claimingStatement = { name: 'admit-claiming', text: batchText(true) };

/** The statement for these calls; its values are the settings and then what `encodeBatch` returns. */
export function batchStatement(batch: readonly AdmissionRequest[]): { name: string; text: string } {
  return batch.some((call) => call.idempotency) ? claimingStatement : plainStatement;
}

/** Groups calls by caller and by target, which are numbered from 1 as the calls are. */
export function encodeBatch(batch: readonly AdmissionRequest[]): string[] {
  const callers = new Map<string, CallerFacts & { no: number }>();
  const targets = new Map<string, TargetFacts & { no: number; callerNo: number }>();
  const calls = batch.map((call, at) => {
    const callerFacts = callerOf(call);
    const callerName = callerFacts.keyHash ?? (callerFacts.sessionId as string);
    let caller = callers.get(callerName);
    if (caller === undefined) {
      caller = { no: callers.size + 1, ...callerFacts };
      callers.set(callerName, caller);
    }
    const { endpoint, account } = call;
    const targetName = `${caller.no}/${endpoint.integration}/${endpoint.name}${account === undefined ? '' : `/${account}`}`;
    let target = targets.get(targetName);
    if (target === undefined) {
      target = { no: targets.size + 1, callerNo: caller.no, ...targetOf(call) };
      targets.set(targetName, target);
    }
    return { n: at + 1, targetNo: target.no, ...callOf(call) };
  });
  return [[...callers.values()], [...targets.values()], calls].map((part) => JSON.stringify(part));
}

interface CallerFacts {
  keyHash?: string;
  sessionId?: string;
  sessionUserId?: string;
}

export function callerOf({ caller }: AdmissionRequest): CallerFacts {
  return caller.kind === 'api_key' ? { keyHash: caller.hash } : { sessionId: caller.sessionId, sessionUserId: caller.userId };
}

type TargetFacts = ReturnType<typeof targetOf>;

export function targetOf({ endpoint, needsConnection, account }: AdmissionRequest) {
  const { integration, name, acceptedScopes } = endpoint;
  return { integration, endpoint: name, acceptedScopes, needsConnection, wantedAccount: account };
}

export function callOf(call: AdmissionRequest) {
  const { callId, requestId, door, path, parameterNames, idempotency } = call;
  const parameterHash = call.parameterHash();
  return {
    callId,
    requestId,
    door,
    path,
    parameterNames,
    parameterHash,
    idempotencyKey: idempotency?.key,
    fingerprint: idempotency?.fingerprint,
    claimSeconds: idempotency?.messageSeconds,
  };
}
