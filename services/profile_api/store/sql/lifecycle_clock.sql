-- Writes lifecycle_clock for the members $1 of the roots $2 (aligned arrays): one row per instant at which an order, a
-- closure or an invalidation moved a person's clock, exactly as customer.lifecycle.rules.clock says. $3: the policy's
-- numbers, $4: its occasion windows, $5: the tenant.
-- An epoch runs from one invalidation to the next; within it the set of valid orders only grows, so that every row is
-- a running aggregate over the orders that last through the epoch.
with policy as materialized (
  select * from jsonb_to_record($3::jsonb) as policy (
    version text, observation_window_days integer, alert_percentile integer, lost_percentile integer,
    minimum_own_gaps integer, minimum_reference_gaps integer, fallback_alert_days integer, fallback_lost_days integer,
    minimum_lapsing_days integer, loyal_orders integer, loyal_orders_in_window integer, won_back_days integer,
    festive_years integer, festive_share_percent integer, festive_orders_a_year integer,
    missed_occasions_alert integer, missed_occasions_lost integer, closure_events jsonb
  )
),
occasion_window as materialized (
  select * from jsonb_to_recordset($4::jsonb) as occasion_window (key text, first_day integer, last_day integer)
),
member as materialized (
  select * from unnest($1::bigint[], $2::bigint[]) as member (id, root_id)
),
placed_order as materialized (
  select
    member.root_id, o.id, o.ordered_at, o.local_day, o.local_month, o.main_category,
    coalesce(o.invalid_at, 'infinity') as invalid_at
  from member
  join customer_order o on o.customer_id = member.id
  where o.customer_id = any($1::bigint[])
),
known_since as (
  select root_id, min(at) as at
  from (
    select root_id, ordered_at as at from placed_order
    union all
    select member.root_id, identity.linked_at
    from member
    join identity on identity.customer_id = member.id
    where identity.customer_id = any($1::bigint[])
      and identity.type in ('USER_ID', 'EMAIL', 'PHONE', 'LOYALTY_CARD', 'ACCOUNT')
  ) as sign_of_life
  group by root_id
),
closure as materialized (
  select distinct member.root_id, event.occurred_at as at
  from member
  cross join policy
  join event on event.customer_id = member.id
  where event.customer_id = any($1::bigint[]) and event.type in ('FEEDBACK', 'SERVICE', 'OTHER')
    and policy.closure_events ? event.name
),
epoch as materialized (
  select
    root_id, known_at, start_at,
    lead(start_at, 1, 'infinity') over (partition by root_id order by start_at) as end_at
  from (
    select root_id, at as known_at, timestamptz '-infinity' as start_at from known_since
    union
    select known_since.root_id, known_since.at, placed_order.invalid_at
    from known_since
    join placed_order using (root_id)
    where placed_order.invalid_at > placed_order.ordered_at and placed_order.invalid_at < 'infinity'
  ) as beginning
),
lasting_order as (
  select
    epoch.root_id, epoch.start_at, o.id, o.ordered_at, o.local_day, o.local_month, o.main_category,
    row_number() over running as order_number,
    o.local_day - lag(o.local_day) over running as gap,
    first_value(o.local_day) over running as first_day,
    lag(o.ordered_at, policy.loyal_orders_in_window - 1) over running as window_order_at
  from epoch
  cross join policy
  join placed_order o on o.root_id = epoch.root_id
    and o.invalid_at > o.ordered_at and o.invalid_at > epoch.start_at and o.ordered_at < epoch.end_at
  window running as (partition by epoch.root_id, epoch.start_at order by o.ordered_at, o.id)
),
paced_order as materialized (
  select
    *,
    count(*) filter (where gap > 0) over running as gap_count
  from lasting_order
  window running as (partition by root_id, start_at order by ordered_at, id)
),
-- Own gaps, where there are enough.
own_limit as (
  select gaps.root_id, gaps.start_at, percentiles.gap_count, percentiles.low as alert_days, percentiles.high as lost_days
  from (
    select root_id, start_at, array_agg(gap order by ordered_at, id) as gaps
    from paced_order
    where gap > 0
    group by root_id, start_at
    having count(*) >= (select minimum_own_gaps from policy)
  ) as gaps
  cross join policy
  cross join lateral expanding_percentiles(
    gaps.gaps, policy.minimum_own_gaps, policy.alert_percentile, policy.lost_percentile
  ) as percentiles
),
-- Elsewhere the main category so far: the one most often bought, of those the last bought.
early_order as materialized (
  select
    root_id, start_at, order_number, local_month, main_category,
    max(order_number) filter (where main_category is not null and category_count >= highest_count)
      over (partition by root_id, start_at order by order_number) as leading_order
  from (
    select *, max(category_count) over (partition by root_id, start_at order by order_number) as highest_count
    from (
      select
        paced_order.root_id, paced_order.start_at, paced_order.order_number, paced_order.local_month,
        paced_order.main_category,
        case when paced_order.main_category is not null then
          count(*) over (
            partition by paced_order.root_id, paced_order.start_at, paced_order.main_category
            order by paced_order.order_number
          )
        end as category_count
      from paced_order
      cross join policy
      where paced_order.gap_count < policy.minimum_own_gaps
    ) as counted
  ) as ranked
),
reference_limit as (
  select
    early_order.root_id, early_order.start_at, early_order.order_number,
    coalesce(category.alert_days, brand.alert_days, policy.fallback_alert_days) as alert_days,
    coalesce(category.lost_days, brand.lost_days, policy.fallback_lost_days) as lost_days,
    case when category.alert_days is not null then 'CATEGORY' else 'BRAND' end as basis
  from early_order
  cross join policy
  left join early_order leader on leader.root_id = early_order.root_id and leader.start_at = early_order.start_at
    and leader.order_number = early_order.leading_order
  left join gap_reference category on category.tenant_id = $5::integer and category.policy_version = policy.version
    and category.local_month = early_order.local_month and category.category = leader.main_category
    and category.category <> '' and category.gap_count >= policy.minimum_reference_gaps
  left join gap_reference brand on brand.tenant_id = $5::integer and brand.policy_version = policy.version
    and brand.local_month = early_order.local_month and brand.category = ''
    and brand.gap_count >= policy.minimum_reference_gaps
),
-- Festive customers: alert and lost when whole windows of the occasions they buy for have passed without an order. Only
-- runs of few enough orders over enough years are looked at; that is a small part of the orders of most shops.
seldom_run as (
  select root_id, start_at, max(order_number) as order_count
  from paced_order
  cross join policy
  where local_day - first_day >= 365 * (policy.festive_years - 2)
    and order_number <= policy.festive_orders_a_year * ((local_day - first_day) / 365 + 2)
    and order_number >= policy.festive_years
  group by root_id, start_at
),
seldom_order as materialized (
  select
    o.root_id, o.start_at, o.id, o.order_number, o.ordered_at, o.local_day,
    extract(year from date '1970-01-01' + o.local_day)::integer as local_year
  from paced_order o
  join seldom_run on seldom_run.root_id = o.root_id and seldom_run.start_at = o.start_at
    and seldom_run.order_count >= o.order_number
),
window_by_year as materialized (
  select distinct touched.local_year, occasion_window.*
  from occasion_window
  cross join lateral (values
    (extract(year from date '1970-01-01' + first_day)::integer), (extract(year from date '1970-01-01' + last_day)::integer)
  ) as touched (local_year)
),
occasion_order as materialized (
  select distinct o.root_id, o.start_at, o.order_number, window_by_year.key
  from seldom_order o
  join window_by_year on window_by_year.local_year = o.local_year
    and o.local_day between window_by_year.first_day and window_by_year.last_day
),
own_occasion as (
  select root_id, start_at, key, min(order_number) as since_number from occasion_order group by root_id, start_at, key
),
festive_order as materialized (
  select o.root_id, o.start_at, o.order_number, o.ordered_at, o.local_day
  from (
    select
      by_year.*,
      count(*) filter (where year_order_count = 1) over running as year_count,
      max(year_order_count) over running as most_in_a_year,
      count(inside.order_number) over running as inside_count
    from (
      select
        *, count(*) over (partition by root_id, start_at, local_year order by order_number) as year_order_count
      from seldom_order
    ) as by_year
    left join (select distinct root_id, start_at, order_number from occasion_order) as inside
      using (root_id, start_at, order_number)
    window running as (partition by root_id, start_at order by order_number)
  ) as o
  cross join policy
  where o.year_count >= policy.festive_years and o.most_in_a_year <= policy.festive_orders_a_year
    and o.inside_count * 100 >= policy.festive_share_percent * o.order_number
),
festive_limit as (
  select
    missed.root_id, missed.start_at, missed.order_number,
    max(missed.end_at) filter (where missed.number = policy.missed_occasions_alert) as alert_at,
    max(missed.end_at) filter (where missed.number = policy.missed_occasions_lost) as lost_at
  from (
    select
      own.root_id, own.start_at, own.order_number,
      greatest((date '1970-01-01' + occasion_window.last_day + 1)::timestamp at time zone tenant.time_zone, own.ordered_at)
        as end_at,
      row_number() over (
        partition by own.root_id, own.start_at, own.order_number order by occasion_window.last_day, occasion_window.key
      ) as number
    from (
      select festive_order.*, own_occasion.key
      from festive_order
      join own_occasion using (root_id, start_at)
      where own_occasion.since_number <= festive_order.order_number
    ) as own
    join occasion_window on occasion_window.key = own.key and occasion_window.first_day > own.local_day
    join tenant on tenant.id = $5::integer
  ) as missed
  cross join policy
  group by missed.root_id, missed.start_at, missed.order_number
),
limited_order as (
  select
    o.root_id, o.start_at, o.id, o.ordered_at, o.order_number, o.window_order_at,
    coalesce(
      festive.alert_at, o.ordered_at + make_interval(hours => 24 * coalesce(own.alert_days, reference.alert_days))
    ) as alert_at,
    coalesce(
      festive.lost_at,
      o.ordered_at + make_interval(hours => 24 * greatest(
        coalesce(own.lost_days, reference.lost_days),
        coalesce(own.alert_days, reference.alert_days) + policy.minimum_lapsing_days
      ))
    ) as lost_at,
    case
      when festive.alert_at is not null then 'OCCASIONS'
      when own.alert_days is not null then 'OWN'
      else reference.basis
    end as basis
  from paced_order o
  cross join policy
  left join own_limit own on own.root_id = o.root_id and own.start_at = o.start_at and own.gap_count = o.gap_count
  left join reference_limit reference on reference.root_id = o.root_id and reference.start_at = o.start_at
    and reference.order_number = o.order_number
  left join festive_limit festive on festive.root_id = o.root_id and festive.start_at = o.start_at
    and festive.order_number = o.order_number
),
-- The three kinds of happening, in the order in which they take effect at one instant.
happening as (
  select
    root_id, start_at, ordered_at as at, 1 as rank, id, 'ORDER' as cause, ordered_at as last_order_at, alert_at, lost_at,
    basis, window_order_at
  from limited_order
  union all
  select root_id, start_at, known_at, 0, 0, 'IDENTIFIED', null, null, null, null, null
  from epoch
  union all
  select epoch.root_id, epoch.start_at, closure.at, 2, 0, 'ACCOUNT_CLOSED', null, null, null, null, null
  from epoch
  join closure on closure.root_id = epoch.root_id and closure.at < epoch.end_at
),
counted_happening as (
  select
    *,
    count(last_order_at) over running as order_count,
    lag(cause) over running = 'ACCOUNT_CLOSED' as follows_closure,
    lag(lost_at) over running as lost_at_before,
    max(last_order_at) over running as latest_order_at
  from happening
  window running as (partition by root_id, start_at order by at, rank, id)
),
comeback as (
  select
    *,
    case when cause = 'ORDER' and order_count > 1 and (follows_closure or at > lost_at_before) then at end
      as candidate_at
  from counted_happening
  where order_count > 0 or cause = 'IDENTIFIED'
),
clock as (
  select
    comeback.*,
    last_win_back(candidate_at, follows_closure, make_interval(hours => 24 * policy.won_back_days))
      filter (where candidate_at is not null) over running as won_back_at,
    greatest(at, start_at) as effective_at,
    lead(greatest(at, start_at)) over running as next_effective_at
  from comeback
  cross join policy
  window running as (partition by root_id, start_at order by at, rank, id)
),
position as (
  select
    *,
    1 + count(*) filter (where won_back_at = candidate_at) over (
      partition by root_id, start_at order by at, rank, id
    ) as cycle
  from clock
)
insert into lifecycle_clock (
  tenant_id, customer_id, effective_at, cause, last_order_at, alert_at, lost_at, basis, order_count, cycle,
  loyal_until, won_back_until, closed, policy_version
)
select
  $5::integer, position.root_id, position.effective_at,
  case when position.at < position.start_at then 'ORDER_INVALIDATED' else position.cause end,
  position.latest_order_at, position.alert_at, position.lost_at, position.basis, position.order_count, position.cycle,
  case
    when position.cause <> 'ORDER' then null
    when position.order_count >= policy.loyal_orders then 'infinity'
    else position.window_order_at + make_interval(hours => 24 * policy.observation_window_days)
  end,
  position.won_back_at + make_interval(hours => 24 * policy.won_back_days),
  position.cause = 'ACCOUNT_CLOSED',
  policy.version
from position
cross join policy
-- What came before an epoch began stands at its beginning; of what took effect at one instant the last counts.
where position.next_effective_at is distinct from position.effective_at
