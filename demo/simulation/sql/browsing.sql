-- Visits to the site or the app: before every online order, before some shop baskets, and some that lead to nothing.
-- A visit is never drawn from what happens later, except for the order it precedes.
create or replace table sim_visit as
with before_order as (
  select
    basket_id::varchar as visit_key, household_id, basket_id, is_online, products, category,
    case when channel = 'STORE' then null else channel end as order_channel, previous_at,
    case when is_online then ordered_at - minutes(6 + 25 * chance(basket_id, 'visit lead'))
         else ordered_at - hours(0.5 + 36 * pow(chance(basket_id, 'visit lead'), 2)) end as started_at
  from sim_order
  join sim_household using (household_id)
  where is_online or chance(basket_id, 'visit') < case digital when 'HEAVY' then 0.35 when 'LIGHT' then 0.1 else 0 end
),
silence as (
  select
    household_id, basket_id as after_basket_id, products, category, ordered_at,
    coalesce(lead(ordered_at) over (partition by household_id order by ordered_at, basket_id), history_end()) as ended_at
  from sim_order
),
idle as (
  select
    'idle ' || after_basket_id || ' ' || week as visit_key, household_id, null::bigint as basket_id, false as is_online,
    products, category, null::varchar as order_channel, null::timestamp as previous_at, week,
    ordered_at + days(7 * (week + chance(after_basket_id, 'idle at ' || week))) as started_at, ended_at
  from silence, range(date_diff('day', ordered_at, ended_at) // 7 + 1) as weeks(week)
),
idle_visit as (
  select idle.* exclude (week, ended_at)
  from idle
  join sim_household using (household_id)
  where started_at < ended_at
    and chance(visit_key, 'idle') < case digital when 'HEAVY' then 0.16 when 'LIGHT' then 0.05 else 0 end
      * exp(-7 * week / 45.0)
)
select
  visit.*, sim_household.device,
  coalesce(order_channel, case when has_app and chance(visit_key, 'app') < 0.55 then 'APP' else 'WEB' end) as channel
from (select * from before_order where previous_at is null or started_at > previous_at + interval 1 hour
      union all by name select * from idle_visit) as visit
join sim_household using (household_id);
