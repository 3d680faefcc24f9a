/**
 * The one statement that admits a batch of calls: who calls, minute, day, connection, idempotency claim, row. Its steps
 * read only what the step before returned, since every part of a statement sees the tables as they were when it began.
 * Calls are grouped by caller and by target (caller, endpoint, account); counters and claims are written grouped and in
 * order, so that no row is met twice and no two statements lock the same rows in opposite order.
 *
 * The file is long because it is one statement, and it reads best from top to bottom.
 */
/** Parts that only a batch with an idempotency key in it needs; without them a statement costs a third less. */
const withoutClaims = {
  isReplay: 'false',
  earlier: '',
  earlierJoin: '',
  claim: 'decided as (select l.*, l.limit_fault as verdict from limited l),',
  first: '',
};

const withClaims = {
  isReplay: "coalesce(e.state = 'done' and e.fingerprint = decode(c.fingerprint, 'hex'), false)",
  earlier: `
    e.call_id as earlier_call_id, e.answer as earlier_answer, e.upstream_status as earlier_status,
    case
      when e.fingerprint <> decode(c.fingerprint, 'hex') then 'idempotency_mismatch'
      when e.state = 'running' then 'idempotency_in_progress'
      when e.state = 'unknown' then 'outcome_unknown'
    end as earlier_fault,`,
  earlierJoin: `
  left join lateral (
    select * from idempotency_claims q where q.holder_id = t.holder_id and q.key = c.idempotency_key and q.expires_at > t.at limit 1
  ) e on true`,
  // A claim that ran out is taken over. One that is alive stays as it is; writing it anew is how this statement gets to see
  // what another one, which began earlier and ended meanwhile, left there.
  claim: `
claimed as (
  insert into idempotency_claims as q (holder_id, key, fingerprint, call_id, state, created_at, expires_at)
  select distinct on (l.holder_id, l.idempotency_key)
    l.holder_id, l.idempotency_key, decode(l.fingerprint, 'hex'), l.call_id, 'running', l.at, l.at + interval '24 hours'
  from limited l
  where l.idempotency_key is not null and l.limit_fault is null and l.earlier_fault is null and not l.is_replay and l.connected
  order by l.holder_id, l.idempotency_key, l.n
  on conflict (holder_id, key) do update set
    fingerprint = case when :claim_expired then excluded.fingerprint else q.fingerprint end,
    call_id = case when :claim_expired then excluded.call_id else q.call_id end,
    state = case when :claim_expired then excluded.state else q.state end,
    answer = case when :claim_expired then null else q.answer end,
    upstream_status = case when :claim_expired then null else q.upstream_status end,
    created_at = case when :claim_expired then excluded.created_at else q.created_at end,
    expires_at = case when :claim_expired then excluded.expires_at else q.expires_at end
  returning q.holder_id, q.key, q.fingerprint, q.call_id, q.state, q.answer, q.upstream_status
),
decided as materialized (
  select
    l.*,
    case
      when l.limit_fault is not null then l.limit_fault
      when l.earlier_fault is not null then l.earlier_fault
      when l.is_replay then 'replayed'
      when q.call_id is null or q.call_id = l.call_id or not l.connected then null
      when q.fingerprint <> decode(l.fingerprint, 'hex') then 'idempotency_mismatch'
      when q.state = 'running' then 'idempotency_in_progress'
      when q.state = 'unknown' then 'outcome_unknown'
      else 'replayed'
    end as verdict,
    coalesce(l.earlier_call_id, q.call_id) as first_call_id,
    coalesce(l.earlier_answer, q.answer) as first_answer,
    coalesce(l.earlier_status, q.upstream_status) as first_status
  from limited l
  left join claimed q on q.holder_id = l.holder_id and q.key = l.idempotency_key
),`,
  first: `,
  case when d.verdict in ('replayed', 'idempotency_in_progress', 'outcome_unknown') then d.first_call_id end as first_call_id,
  case when d.verdict = 'replayed' then d.first_answer end as first_answer,
  case when d.verdict = 'replayed' then d.first_status end as first_status,
  d.is_replay`,
};

// `(select $6)` and not `$6`: an array whose length the planner can see makes it plan anew for each length, which takes
// longer than the statement.
const admitText = `
with
callers as materialized (
  select
    c.no, c.first_n, now.at, k.id as key_id, u.id as user_id, coalesce(k.id, c.session_id) as holder_id,
    coalesce(k.scopes, case when u.is_owner then array['*', 'operator'] else array['*'] end) as scopes,
    u.plan, u.limits,
    case when u.limits ? 'perMinute' then (u.limits ->> 'perMinute')::int when p.plan is null then 0 else p.per_minute end as per_minute,
    case when u.limits ? 'perDay' then (u.limits ->> 'perDay')::int when p.plan is null then 0 else p.per_day end as per_day,
    case
      when k.id is null and c.session_id is null then 'api_key_invalid'
      when k.revoked_at is not null then 'api_key_revoked'
      when k.expires_at <= now.at then 'api_key_expired'
      when u.id is null or u.closed_at is not null then 'unauthorized'
    end as fault
  from (select date_trunc('milliseconds', now() + $1::float8 * interval '1 millisecond') as at) now
  cross join unnest((select $6::text[]), (select $7::text[]), (select $8::text[]), (select $9::int[]))
    with ordinality as c(key_hash, session_id, session_user_id, first_n, no)
  left join lateral (select * from api_keys where key_hash = decode(c.key_hash, 'hex') limit 1) k on true
  left join lateral (select * from users where id = coalesce(k.user_id, c.session_user_id) limit 1) u on true
  left join unnest((select $2::text[]), (select $3::int[]), (select $4::int[])) as p(plan, per_minute, per_day) on p.plan = u.plan
),
targets as materialized (
  select
    t.no, t.first_n, t.caller_no, t.integration, t.endpoint, k.user_id, k.holder_id, k.key_id, k.per_minute, k.per_day, k.at,
    coalesce(k.fault, case when not k.scopes && string_to_array(t.accepted_scopes, ',') then 'scope_not_allowed' end) as fault,
    not t.needs_connection or c.id is not null as connected,
    c.id as connection_id, c.account, c.auth_type, c.credential, c.credential_version, c.provider_scopes, c.access_expires_at,
    c.status, c.status_reason, c.frozen_at,
    case when t.needs_connection and c.id is null then array(
      select o.account from connections o where o.user_id = k.user_id and o.integration = t.integration order by o.account
    ) end as accounts
  from unnest((select $10::int[]), (select $11::int[]), (select $12::text[]), (select $13::text[]), (select $14::text[]),
      (select $15::boolean[]), (select $16::text[]))
    with ordinality as t(first_n, caller_no, integration, endpoint, accepted_scopes, needs_connection, wanted_account, no)
  join callers k on k.no = t.caller_no
  left join lateral (
    select o.* from connections o
    where t.needs_connection and k.fault is null and o.user_id = k.user_id and o.integration = t.integration
      and case
        when t.wanted_account is not null then o.account = t.wanted_account or o.id = t.wanted_account
        else o.is_default or not exists (
          select from connections other where other.user_id = o.user_id and other.integration = o.integration and other.id <> o.id
        )
      end
    order by o.id = t.wanted_account desc
    limit 1
  ) c on true
),
asked as materialized (
  select
    c.*, t.caller_no, t.connected, t.fault, t.user_id, t.holder_id, t.per_minute, t.per_day, t.at, :isReplay as is_replay,:earlier
    row_number() over (partition by t.caller_no, t.fault, :isReplay order by c.n) as minute_place
  from unnest((select $17::int[]), (select $18::text[]), (select $19::text[]), (select $20::text[]), (select $21::text[]),
      (select $22::text[]), (select $23::text[]), (select $24::text[]))
    with ordinality as c(target_no, call_id, request_id, door, parameter_names, parameter_hash, idempotency_key, fingerprint, n)
  join targets t on t.no = c.target_no:earlierJoin
),
minute_counted as (
  insert into minute_counters as m (holder_id, minute, executions, allowance, requests, last_used_at)
  select
    holder_id, date_trunc('minute', min(at), 'UTC'), least((count(*) filter (where not is_replay))::int, min(per_minute)),
    coalesce(min(per_minute), 2147483647), (count(*) filter (where is_replay))::int, min(at)
  from asked where fault is null group by holder_id order by holder_id
  on conflict (holder_id) do update set
    minute = greatest(m.minute, excluded.minute),
    executions = :minute_used + greatest(0, least(excluded.executions, excluded.allowance - :minute_used)),
    allowance = greatest(0, least(excluded.executions, excluded.allowance - :minute_used)),
    requests = case when m.minute < excluded.minute then 0 else m.requests end + excluded.requests,
    last_used_at = excluded.last_used_at
  returning m.holder_id, m.executions, m.allowance, m.requests
),
in_minute as materialized (
  select
    a.*, m.executions - least(m.executions, m.allowance) as minute_before,
    case
      when a.fault is not null then a.fault
      when a.is_replay then case when m.requests > $5::int then 'rate_limited' end
      when a.minute_place > m.allowance then 'rate_limited'
    end as minute_fault
  from asked a left join minute_counted m on m.holder_id = a.holder_id
),
day_counted as (
  insert into day_counters as d (user_id, day, executions, allowance)
  select user_id, (min(at) at time zone 'UTC')::date, least(count(*)::int, min(per_day)), coalesce(min(per_day), 2147483647)
  from in_minute where minute_fault is null and not is_replay group by user_id order by user_id
  on conflict (user_id) do update set
    day = greatest(d.day, excluded.day),
    executions = :day_used + greatest(0, least(excluded.executions, excluded.allowance - :day_used)),
    allowance = greatest(0, least(excluded.executions, excluded.allowance - :day_used))
  returning d.user_id, d.allowance
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
:claim
written as (
  insert into skill_calls (id, user_id, key_id, connection_id, account, integration, endpoint, door, idempotency_key, parameter_names,
    parameter_hash, outcome, error_code, request_id, started_at, completed_at)
  select
    d.call_id, d.user_id, t.key_id, t.connection_id, t.account, t.integration, t.endpoint, d.door, d.idempotency_key,
    string_to_array(d.parameter_names, ','), decode(d.parameter_hash, 'hex'),
    case when d.verdict is null then 'started' when d.verdict = 'replayed' then 'replayed' else 'refused' end,
    nullif(d.verdict, 'replayed'), d.request_id, d.at, case when d.verdict is not null then d.at end
  from decided d join targets t on t.no = d.target_no
  where d.fault is null or d.fault = 'scope_not_allowed'
)
select
  d.verdict,
  d.per_minute - d.minute_before - case when d.is_replay then 0 else d.minute_place end as minute_remaining,
  k.user_id, k.holder_id, k.key_id, array_to_string(k.scopes, ',') as scopes, k.plan, k.limits,
  ceil(60 - extract(second from k.at))::int as minute_resets,
  ceil(86400 - extract(epoch from k.at)::numeric % 86400)::int as day_resets,
  t.connection_id, t.account, t.auth_type, t.credential, t.credential_version, array_to_string(t.provider_scopes, ' ') as provider_scopes,
  t.access_expires_at, t.status, t.status_reason, t.frozen_at, t.accounts:first
from decided d
left join callers k on k.no = d.caller_no and k.first_n = d.n
left join targets t on t.no = d.target_no and t.first_n = d.n
order by d.n`;

function buildText(parts: typeof withClaims): string {
  return admitText
    .replace(/:(isReplay|earlierJoin|earlier|claim|first)\b/g, (_all, name: keyof typeof parts) => parts[name])
    .replaceAll(':minute_used', 'case when m.minute < excluded.minute then 0 else m.executions end')
    .replaceAll(':day_used', 'case when d.day < excluded.day then 0 else d.executions end')
    .replaceAll(':claim_expired', 'q.expires_at <= excluded.created_at');
}

/** Names for the server to prepare them by, and their texts. Values: `encodeBatch`; rows: `AdmittedRow`. */
export const plainStatement = { name: 'admit', text: buildText(withoutClaims) };
export const claimingStatement = { name: 'admit-claiming', text: buildText(withClaims) };
