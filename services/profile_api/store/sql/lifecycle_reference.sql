-- Computes gap_reference of the tenant $1 for every local month in which somebody ordered (or only for the months $4, if
-- given). A month's rows are what was known when it began: the gaps closed by the orders of earlier months that were
-- valid when placed, by the category of the closing order and ('', always there) for the whole brand.
-- $2: policy version, $3: alert and lost percentiles.
with member as (
  select id, root_id from customer where tenant_id = $1::integer
),
placed_order as (
  select
    member.root_id, o.local_month, o.main_category,
    o.local_day - lag(o.local_day) over (partition by member.root_id order by o.ordered_at, o.id) as gap
  from member
  join customer_order o on o.customer_id = member.id
  where o.invalid_at is null or o.invalid_at > o.ordered_at
),
wanted_month as materialized (
  select distinct local_month from placed_order where $4::integer[] is null or local_month = any($4::integer[])
),
closed_gap as (
  select local_month, main_category, gap, count(*) as gaps
  from placed_order
  where gap > 0
  group by local_month, main_category, gap
),
counted_gap as materialized (
  select local_month, coalesce(main_category, '') as category, gap, sum(gaps) as gaps
  from closed_gap
  where main_category <> ''
  group by local_month, main_category, gap
  union all
  select local_month, '', gap, sum(gaps)
  from closed_gap
  group by local_month, gap
),
known_gap as (
  select wanted_month.local_month, counted_gap.category, counted_gap.gap, sum(counted_gap.gaps) as gaps
  from wanted_month
  join counted_gap on counted_gap.local_month < wanted_month.local_month
  group by wanted_month.local_month, counted_gap.category, counted_gap.gap
),
ranked_gap as (
  select
    local_month, category, gap,
    sum(gaps) over (partition by local_month, category order by gap) as rank,
    sum(gaps) over (partition by local_month, category) as gap_count
  from known_gap
)
insert into gap_reference (tenant_id, policy_version, local_month, category, alert_days, lost_days, gap_count)
select
  $1::integer, $2::text, wanted_month.local_month, coalesce(category, ''),
  coalesce(min(gap) filter (where rank * 100 >= ($3::integer[])[1] * gap_count), 0),
  coalesce(min(gap) filter (where rank * 100 >= ($3::integer[])[2] * gap_count), 0),
  coalesce(max(gap_count), 0)
from wanted_month
left join ranked_gap using (local_month)
group by wanted_month.local_month, coalesce(category, '')
on conflict (tenant_id, policy_version, local_month, category) do update set
  alert_days = excluded.alert_days, lost_days = excluded.lost_days, gap_count = excluded.gap_count
