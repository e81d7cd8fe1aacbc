-- Brings lifecycle_transition of the members $1 of the roots $2 (aligned arrays) in line with their lifecycle_clock,
-- exactly as customer.lifecycle.rules says: the stage is evaluated at every instant at which it might change, and what
-- did not change is dropped. Rows that stay as they were keep their recorded_at. $3: the policy's numbers, $4: its
-- advocacy signals, $5: now.
with policy as materialized (
  select * from jsonb_to_record($3::jsonb) as policy (version text, observation_window_days integer)
),
advocacy_signal as materialized (
  select * from jsonb_to_recordset($4::jsonb) as advocacy_signal (
    rule integer, event text, "where" jsonb, property text, minimum numeric, count integer
  )
),
member as materialized (
  select * from unnest($1::bigint[], $2::bigint[]) as member (id, root_id)
),
position as (
  select
    clock.*,
    lead(effective_at, 1, 'infinity') over (partition by customer_id order by effective_at) as end_at
  from lifecycle_clock clock
  where customer_id = any($2::bigint[])
),
-- One row per event and rule it counts for, however many of the rule's signals it matches.
advocacy as materialized (
  select distinct member.root_id, event.id, event.occurred_at, advocacy_signal.rule, advocacy_signal.count
  from member
  join event on event.customer_id = member.id
  join advocacy_signal on advocacy_signal.event = event.name
  where event.customer_id = any($1::bigint[])
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
  select position.*, boundary.at
  from position
  cross join lateral (values (effective_at), (alert_at), (lost_at), (loyal_until), (won_back_until)) as boundary (at)
  where boundary.at >= position.effective_at and boundary.at < position.end_at
  union all
  select position.*, boundary.at
  from position
  join advocacy_period on advocacy_period.root_id = position.customer_id
  cross join lateral (values (advocacy_period.start_at), (advocacy_period.end_at)) as boundary (at)
  where boundary.at > position.effective_at and boundary.at < position.end_at
),
ambassador_instant as materialized (
  select distinct instant.customer_id, instant.at
  from instant
  join advocacy_period on advocacy_period.root_id = instant.customer_id
    and advocacy_period.start_at <= instant.at and instant.at < advocacy_period.end_at
),
staged_instant as (
  select
    instant.*,
    case
      when closed then 'FORMER'
      when order_count = 0 then 'PROSPECT'
      when at < won_back_until then 'WON_BACK'
      when at >= lost_at then 'FORMER'
      when at >= alert_at then 'LAPSING'
      when at < loyal_until then case when ambassador_instant.customer_id is null then 'LOYAL' else 'AMBASSADOR' end
      when order_count = 1 then 'NEW'
      else 'DEVELOPING'
    end as stage,
    case
      when at = effective_at then cause
      when at = lost_at then 'LOST_REACHED'
      when at = alert_at then 'ALERT_REACHED'
      when at = won_back_until then 'WON_BACK_ENDED'
      when at = loyal_until then 'LOYAL_WINDOW_ENDED'
    end as reason
  from instant
  left join ambassador_instant using (customer_id, at)
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
  where stored.customer_id = any($1::bigint[]) and stored.model = 'relationship'
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
    cycle, $5::timestamptz
  from transition
  on conflict (customer_id, model, effective_at) do update set
    until_at = excluded.until_at, from_stage = excluded.from_stage, to_stage = excluded.to_stage,
    reason = excluded.reason, facts = excluded.facts, policy_version = excluded.policy_version, cycle = excluded.cycle,
    recorded_at = case
      when (stored.from_stage, stored.to_stage, stored.reason) is distinct from
        (excluded.from_stage, excluded.to_stage, excluded.reason) then excluded.recorded_at
      else stored.recorded_at
    end,
    written_by = case
      when (stored.from_stage, stored.to_stage, stored.reason) is distinct from
        (excluded.from_stage, excluded.to_stage, excluded.reason) then excluded.written_by
      else stored.written_by
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
