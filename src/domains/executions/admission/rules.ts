/**
 * The rules of admission in SQL, each once: the statement of a batch and the statement of a single call are put together from
 * these, so that both decide alike. Where TypeScript knows a rule too (`planLimits`, `scopeFault`), test/admission/rules.test.ts
 * asks all of them the same questions.
 */

import { type LimitName, limitNames, limits } from '../../../core/config/plans.ts';
import { requestsPerMinute } from '../../limits/requests.ts';

/** `s`: what holds for every call; `at` is the time that every rule goes by. */
export const settings = `(
    select s.plans, date_trunc('milliseconds', now() + s."offsetMs" * interval '1 millisecond') as at
    from jsonb_to_record((select $1::jsonb)) as s("offsetMs" float8, plans jsonb)
  ) s`;

/** The user's own limit, else the plan's; a plan that is not configured allows nothing. Null: no limit. */
function limitOf(name: LimitName): string {
  return `
    case
      when u.limits ? '${name}' then (u.limits ->> '${name}')::int
      when not s.plans ? u.plan then 0
      else (s.plans -> u.plan ->> '${name}')::int
    end as ${columnOf(name)}`;
}

const limitsOfCalls = limitNames.filter((name) => limits[name].ofCalls);
const columnOf = (name: LimitName) => name.replace(/[A-Z]/g, '_$&').toLowerCase();

/** The limits that calls count against, each a column of what `table` stands for. */
export const limitColumns = (table: string) => limitsOfCalls.map((name) => `${table}.${columnOf(name)}`).join(', ');

/** Of a caller `c` (keyHash, or sessionId and sessionUserId) with `callerJoins`. */
export const callerFacts = `
    k.id as key_id, u.id as user_id, coalesce(k.id, c."sessionId") as holder_id,
    coalesce(k.scopes, case when u.is_owner then array['*', 'operator'] else array['*'] end) as scopes,
    u.plan, u.limits, ${limitsOfCalls.map(limitOf).join(', ')},
    case
      when k.id is null and c."sessionId" is null then 'api_key_invalid'
      when k.revoked_at is not null then 'api_key_revoked'
      when k.expires_at <= s.at then 'api_key_expired'
      when u.id is null or u.closed_at is not null then 'unauthorized'
    end as caller_fault`;

export const callerJoins = `
  left join lateral (select * from api_keys where key_hash = decode(c."keyHash", 'hex') limit 1) k on true
  left join lateral (select * from users where id = coalesce(k.user_id, c."sessionUserId") limit 1) u on true`;

/** Of a caller `k`: the seconds until its counters begin anew. */
export const resets = `
  ceil(60 - extract(second from k.at))::int as minute_resets,
  ceil(86400 - extract(epoch from k.at)::numeric % 86400)::int as day_resets`;

/** Of a target `t` (integration, endpoint, acceptedScopes, needsConnection, wantedAccount) of the caller `k`, with `connectionJoin`. */
export const targetFacts = `
    coalesce(k.caller_fault, case when not k.scopes && t."acceptedScopes" then 'scope_not_allowed' end) as fault,
    not t."needsConnection" or c.id is not null as connected,
    c.id as connection_id, c.account, c.auth_type, c.credential, c.credential_version, c.provider_scopes, c.access_expires_at,
    c.status, c.status_reason, c.frozen_at, c.variables,
    case when t."needsConnection" and c.id is null then array(
      select o.account from connections o where o.user_id = k.user_id and o.integration = t.integration order by o.account
    ) end as accounts`;

export const connectionJoin = `
  left join lateral (
    select o.* from connections o
    where t."needsConnection" and k.caller_fault is null and o.user_id = k.user_id and o.integration = t.integration
      and case
        when t."wantedAccount" is not null then o.account = t."wantedAccount" or o.id = t."wantedAccount"
        else o.is_default or not exists (
          select from connections other where other.user_id = o.user_id and other.integration = o.integration and other.id <> o.id
        )
      end
    order by o.id = t."wantedAccount" desc
    limit 1
  ) c on true`;

/** What the connection of a target gives to the call. */
export const connectionColumns =
  'connection_id, account, auth_type, credential, credential_version, provider_scopes, access_expires_at, status, status_reason, frozen_at, variables, accounts';

/** Counts up to the limit and says how many it granted, from what stands there when its turn comes. */
function countUp(window: 'minute' | 'day', counter: 'm' | 'd'): string {
  const used = `case when ${counter}.${window} < excluded.${window} then 0 else ${counter}.executions end`;
  const granted = `greatest(0, least(excluded.executions, excluded.allowance - ${used}))`;
  return `
    ${window} = greatest(${counter}.${window}, excluded.${window}), executions = ${used} + ${granted}, allowance = ${granted}`;
}

export const countMinute = `
  on conflict (holder_id) do update set ${countUp('minute', 'm')},
    requests = case when m.minute < excluded.minute then 0 else m.requests end + excluded.requests,
    last_used_at = excluded.last_used_at
  returning m.holder_id, m.executions, m.allowance, m.requests`;

export const countDay = `
  on conflict (user_id) do update set ${countUp('day', 'd')}
  returning d.user_id, d.allowance`;

export const unlimited = 2_147_483_647;

/** What its counter says of a call with these places among those that were counted with it. */
export const minuteFault = `
    case
      when a.fault is not null then a.fault
      when a.is_replay then case when m.requests > ${requestsPerMinute} then 'rate_limited' end
      when a.minute_place > m.allowance then 'rate_limited'
    end`;

/** An earlier claim `e` of the same idempotency key by the same holder, that has not run out. */
export function earlierClaim(holderId: string, at: string): string {
  return `
  left join lateral (
    select * from idempotency_claims q where q.holder_id = ${holderId} and q.key = c."idempotencyKey" and q.expires_at > ${at} limit 1
  ) e on true`;
}

export const isReplay = `coalesce(e.state = 'done' and e.fingerprint = decode(c.fingerprint, 'hex'), false)`;

export const earlierFacts = `
    e.call_id as earlier_call_id, e.answer as earlier_answer, e.upstream_status as earlier_status,
    case
      when e.fingerprint <> decode(c.fingerprint, 'hex') then 'idempotency_mismatch'
      when e.state = 'running' then 'idempotency_in_progress'
      when e.state = 'unknown' then 'outcome_unknown'
    end as earlier_fault,`;

const claimExpired = 'q.expires_at <= excluded.created_at';
const takeOver = (column: string, anew = `excluded.${column}`) => `${column} = case when ${claimExpired} then ${anew} else q.${column} end`;

/**
 * Claims and decides. A claim that ran out is taken over. One that is alive stays as it is; writing it anew is how a statement
 * gets to see what another one, which began earlier and ended meanwhile, left there.
 */
export const claiming = `
claimed as (
  insert into idempotency_claims as q (holder_id, key, fingerprint, call_id, state, created_at, expires_at)
  select distinct on (l.holder_id, l."idempotencyKey")
    l.holder_id, l."idempotencyKey", decode(l.fingerprint, 'hex'), l."callId", 'running', l.at,
    l.at + coalesce(l."claimSeconds", 86400) * interval '1 second'
  from limited l
  where l."idempotencyKey" is not null and l.limit_fault is null and l.earlier_fault is null and not l.is_replay and l.connected
  order by l.holder_id, l."idempotencyKey", l.n
  on conflict (holder_id, key) do update set
    ${['fingerprint', 'call_id', 'state', 'created_at', 'expires_at'].map((column) => takeOver(column)).join(',\n    ')},
    ${takeOver('answer', 'null')},
    ${takeOver('upstream_status', 'null')}
  returning q.holder_id, q.key, q.fingerprint, q.call_id, q.state, q.answer, q.upstream_status
),
decided as materialized (
  select
    l.*,
    case
      when l.limit_fault is not null then l.limit_fault
      when l.earlier_fault is not null then l.earlier_fault
      when l.is_replay then 'replayed'
      when q.call_id is null or q.call_id = l."callId" or not l.connected then null
      when q.fingerprint <> decode(l.fingerprint, 'hex') then 'idempotency_mismatch'
      when q.state = 'running' then 'idempotency_in_progress'
      when q.state = 'unknown' then 'outcome_unknown'
      else 'replayed'
    end as verdict,
    coalesce(l.earlier_call_id, q.call_id) as found_call_id,
    coalesce(l.earlier_answer, q.answer) as found_answer,
    coalesce(l.earlier_status, q.upstream_status) as found_status
  from limited l
  left join claimed q on q.holder_id = l.holder_id and q.key = l."idempotencyKey"
),`;

/** What a batch without any idempotency key needs instead; it costs a third less. */
export const notClaiming = `
decided as (select l.*, l.limit_fault as verdict from limited l),`;

/** Of a decided call: what the first call of its idempotency key left. */
export const firstFacts = `,
  case when d.verdict in ('replayed', 'idempotency_in_progress', 'outcome_unknown') then d.found_call_id end as first_call_id,
  case when d.verdict = 'replayed' then d.found_answer end as first_answer,
  case when d.verdict = 'replayed' then d.found_status end as first_status,
  d.is_replay`;

export const minuteRemaining = 'd.per_minute - d.minute_before - case when d.is_replay then 0 else d.minute_place end as minute_remaining';

/** The row of a decided call `d` at its target `t`. Every call that passed authentication gets one, refused ones too. */
export const writeRow = `
  insert into skill_calls (id, user_id, key_id, connection_id, account, integration, endpoint, path, door, idempotency_key, parameter_names,
    parameter_hash, outcome, error_code, request_id, started_at, completed_at)
  select
    d."callId", d.user_id, t.key_id, t.connection_id, t.account, t.integration, t.endpoint, d.path, d.door,
    case when d."claimSeconds" is null then d."idempotencyKey" end,
    d."parameterNames", decode(d."parameterHash", 'hex'),
    case when d.verdict is null then 'started' when d.verdict = 'replayed' then 'replayed' else 'refused' end,
    nullif(d.verdict, 'replayed'), d."requestId", d.at, case when d.verdict is not null then d.at end`;

export const hasRow = "(d.fault is null or d.fault = 'scope_not_allowed')";
