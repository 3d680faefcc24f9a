/**
 * The statement for a batch of one, which is what a person with slow services sends: the rules of the batch without groups,
 * places and sections, for half of its cost in the database (bench/RESULTS.md).
 */
import type { AdmissionRequest } from './admit.ts';
import { callerOf, callOf, targetOf } from './batch.ts';
import * as rules from './rules.ts';

function singleText(claims: boolean): string {
  return `
with
asked as materialized (
  select
    t.*, ${claims ? rules.earlierFacts : ''} ${claims ? rules.isReplay : 'false'} as is_replay, 1 as n, 1 as minute_place
  from (
    select k.*, ${rules.targetFacts}
    from (
      select c.*, s.at, ${rules.callerFacts}
      from jsonb_to_record((select $2::jsonb)) as c("keyHash" text, "sessionId" text, "sessionUserId" text, integration text,
        endpoint text, "acceptedScopes" text[], "needsConnection" boolean, "wantedAccount" text, "callId" text, "requestId" text,
        door text, path text, "parameterNames" text[], "parameterHash" text, "idempotencyKey" text, fingerprint text, "claimSeconds" int)
      cross join ${rules.settings} ${rules.callerJoins}
    ) k cross join lateral (select k.*) t ${rules.connectionJoin}
  ) t ${claims ? `cross join lateral (select t.*) c ${rules.earlierClaim('t.holder_id', 't.at')}` : ''}
),
minute_counted as (
  insert into minute_counters as m (holder_id, minute, executions, allowance, requests, last_used_at)
  select
    holder_id, date_trunc('minute', at, 'UTC'), least((not is_replay)::int, per_minute), coalesce(per_minute, ${rules.unlimited}),
    is_replay::int, at
  from asked where fault is null ${rules.countMinute}
),
in_minute as materialized (
  select a.*, m.executions - least(m.executions, m.allowance) as minute_before, ${rules.minuteFault} as minute_fault
  from asked a left join minute_counted m on true
),
day_counted as (
  insert into day_counters as d (user_id, day, executions, allowance)
  select user_id, (at at time zone 'UTC')::date, least(1, per_day), coalesce(per_day, ${rules.unlimited})
  from in_minute where minute_fault is null and not is_replay ${rules.countDay}
),
limited as (
  select
    i.*,
    case
      when i.minute_fault is not null then i.minute_fault
      when i.is_replay then null
      when d.allowance < 1 then 'daily_limit_reached'
    end as limit_fault
  from in_minute i left join day_counted d on true
),
${claims ? rules.claiming : rules.notClaiming}
written as (
  ${rules.writeRow}
  from decided d cross join lateral (select d.*) t where ${rules.hasRow}
)
select
  d.user_id, d.holder_id, d.key_id, d.scopes, d.plan, d.limits, ${rules.resets},
  ${rules.connectionColumns},
  d.verdict, ${rules.minuteRemaining} ${claims ? rules.firstFacts : ''}
from decided d cross join lateral (select d.at) k`;
}

const plainStatement = { name: 'admit-one', text: singleText(false) };
const claimingStatement = { name: 'admit-one-claiming', text: singleText(true) };

/** The statement for this call; its values are the settings and then what `encodeSingle` returns. */
export function singleStatement(call: AdmissionRequest): { name: string; text: string } {
  return call.idempotency ? claimingStatement : plainStatement;
}

export function encodeSingle(call: AdmissionRequest): string[] {
  return [JSON.stringify({ ...callerOf(call), ...targetOf(call), ...callOf(call) })];
}
