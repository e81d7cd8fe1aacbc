-- Brings lifecycle_transition of the roots $1 in line with their lifecycle_clock, exactly as customer.lifecycle.rules
-- says: the stage is evaluated at every instant at which it might change, and what did not change is dropped. Rows that
-- stay as they were keep their recorded_at. $2: the policy's numbers, $3: its advocacy signals, $4: now, $5: all ids
-- whose rows may have to go (roots and members).
with policy as materialized (
  select * from jsonb_to_record($2::jsonb) as policy (version text, observation_window_days integer)
),
advocacy_signal as materialized (
  select * from jsonb_to_recordset($3::jsonb) as advocacy_signal (
    rule integer, event text, "where" jsonb, property text, minimum numeric, count integer
  )
),
position as (
  select
    clock.*,
    lead(effective_at, 1, 'infinity') over (partition by customer_id order by effective_at) as end_at
  from lifecycle_clock clock
  where customer_id = any($1::bigint[])
),
-- One row per event and rule it counts for, however many of the rule's signals it matches.
advocacy as materialized (
  select distinct customer.root_id, event.id, event.occurred_at, advocacy_signal.rule, advocacy_signal.count
  from customer
  join event on event.customer_id = customer.id
  join advocacy_signal on advocacy_signal.event = event.name
  where customer.root_id = any($1::bigint[])
    and event.type in ('FEEDBACK', 'SERVICE', 'OTHER')
    and event.properties @> advocacy_signal."where"
    and (
      advocacy_signal.property is null
      or case when event.properties ->> advocacy_signal.property ~ '^-?[0-9]+(\.[0-9]+)?$'
        then (event.properties ->> advocacy_signal.property)::numeric >= advocacy_signal.minimum end
    )
),
-- From the event that completes the number to the end of the window of the first one needed.
advocacy_period as materialized (
  select root_id, occurred_at as start_at, needed_at + make_interval(hours => 24 * observation_window_days) as end_at
  from (
    select
      root_id, occurred_at,
      lag(occurred_at, count - 1) over (partition by root_id, rule order by occurred_at, id) as needed_at
    from advocacy
  ) as run
  cross join policy
  where needed_at is not null and occurred_at < needed_at + make_interval(hours => 24 * observation_window_days)
),
instant as (
  select customer_id, effective_at, effective_at as at from position
  union
  select position.customer_id, position.effective_at, boundary.at
  from position
  cross join lateral (values (alert_at), (lost_at), (loyal_until), (won_back_until)) as boundary (at)
  where boundary.at > position.effective_at and boundary.at < position.end_at
  union
  select position.customer_id, position.effective_at, boundary.at
  from position
  join advocacy_period on advocacy_period.root_id = position.customer_id
  cross join lateral (values (advocacy_period.start_at), (advocacy_period.end_at)) as boundary (at)
  where boundary.at > position.effective_at and boundary.at < position.end_at
),
staged_instant as (
  select
    position.customer_id, position.tenant_id, instant.at, position.cycle,
    case
      when position.closed then 'FORMER'
      when position.order_count = 0 then 'PROSPECT'
      when instant.at < position.won_back_until then 'WON_BACK'
      when instant.at >= position.lost_at then 'FORMER'
      when instant.at >= position.alert_at then 'LAPSING'
      when instant.at < position.loyal_until then
        case when exists (
          select from advocacy_period
          where advocacy_period.root_id = position.customer_id
            and advocacy_period.start_at <= instant.at and instant.at < advocacy_period.end_at
        ) then 'AMBASSADOR' else 'LOYAL' end
      when position.order_count = 1 then 'NEW'
      else 'DEVELOPING'
    end as stage,
    case
      when instant.at = position.effective_at then position.cause
      when instant.at = position.lost_at then 'LOST_REACHED'
      when instant.at = position.alert_at then 'ALERT_REACHED'
      when instant.at = position.won_back_until then 'WON_BACK_ENDED'
      when instant.at = position.loyal_until then 'LOYAL_WINDOW_ENDED'
    end as reason,
    position.order_count, position.last_order_at, position.alert_at, position.lost_at, position.basis
  from instant
  join position on position.customer_id = instant.customer_id and position.effective_at = instant.effective_at
),
change as (
  select *
  from (
    select *, lag(stage) over (partition by customer_id order by at) as stage_before
    from staged_instant
  ) as step
  where stage is distinct from stage_before
),
transition as materialized (
  select
    change.tenant_id, change.customer_id, change.at as effective_at,
    lead(change.at, 1, 'infinity') over (partition by change.customer_id order by change.at) as until_at,
    change.stage_before as from_stage, change.stage as to_stage,
    coalesce(change.reason, case when change.stage = 'AMBASSADOR' then 'ADVOCACY' else 'ADVOCACY_EXPIRED' end) as reason,
    jsonb_build_object(
      'orderCount', change.order_count, 'lastOrderAt', change.last_order_at,
      'alertAt', change.alert_at, 'lostAt', change.lost_at, 'basis', change.basis
    ) as facts,
    policy.version as policy_version, change.cycle
  from change
  cross join policy
),
gone as (
  delete from lifecycle_transition stored
  where stored.customer_id = any($5::bigint[]) and stored.model = 'relationship'
    and not exists (
      select from transition
      where transition.customer_id = stored.customer_id and transition.effective_at = stored.effective_at
    )
),
kept as (
  insert into lifecycle_transition as stored (
    tenant_id, customer_id, model, effective_at, until_at, from_stage, to_stage, reason, facts, policy_version, cycle,
    recorded_at
  )
  select
    tenant_id, customer_id, 'relationship', effective_at, until_at, from_stage, to_stage, reason, facts, policy_version,
    cycle, $4::timestamptz
  from transition
  on conflict (customer_id, model, effective_at) do update set
    until_at = excluded.until_at, from_stage = excluded.from_stage, to_stage = excluded.to_stage,
    reason = excluded.reason, facts = excluded.facts, policy_version = excluded.policy_version, cycle = excluded.cycle,
    recorded_at = case
      when (stored.from_stage, stored.to_stage, stored.reason) is distinct from
        (excluded.from_stage, excluded.to_stage, excluded.reason) then excluded.recorded_at
      else stored.recorded_at
    end
  where (stored.until_at, stored.from_stage, stored.to_stage, stored.reason, stored.facts, stored.policy_version,
      stored.cycle)
    is distinct from (excluded.until_at, excluded.from_stage, excluded.to_stage, excluded.reason, excluded.facts,
      excluded.policy_version, excluded.cycle)
  returning 1
)
select
  (select count(*) from transition)::integer as transition_count,
  (select count(*) from kept)::integer as changed_count
