-- What happened after each spine row within each of its windows, as known at the end of observation:
-- spine(customer_id, as_of, local_day, observed_until, observed_day, time_zone), label_window(as_of, horizon_days,
-- until_at). One row per window and spine row. Half-open: an order exactly at as_of counts, one exactly at until_at does not.
-- days_to_next counts days on the brand's clock, with their fraction, as horizons and censored_after_days do: a day on
-- which the clock changes is one day, too. It is null when no further order was seen: then the customer was watched for
-- censored_after_days. days_to_second counts to the order after the next.
with member as (
  select spine.*, feature_member.member_id
  from spine
  join feature_member
    on feature_member.customer_id = spine.customer_id
    and feature_member.known_at < spine.as_of
    and feature_member.until_at >= spine.as_of
),
adjusted_order as (
  select
    order_id,
    sum(coalesce(amount_minor, 0)) as adjusted_minor,
    count(*) filter (where kind = 'CANCELLATION') as cancellation_count
  from feature_adjustment
  where order_id is not null
    and occurred_at < (select max(observed_until) from spine)
    and received_at < (select max(observed_until) from spine)
  group by order_id
),
later_order as (
  select
    member.customer_id, member.as_of, member.time_zone, feature_order.order_id, feature_order.occurred_at,
    feature_order.local_day - member.local_day as days_after,
    feature_order.total_minor
  from member
  join feature_order
    on feature_order.member_id = member.member_id
    and feature_order.occurred_at >= member.as_of
    and feature_order.occurred_at < member.observed_until
    and feature_order.received_at < member.observed_until
  left join adjusted_order on adjusted_order.order_id = feature_order.order_id
  where coalesce(adjusted_order.cancellation_count, 0) = 0
    and not coalesce(
      feature_order.invalid_at < member.observed_until and feature_order.invalid_received_at < member.observed_until,
      false
    )
    and coalesce(feature_order.total_minor - coalesce(adjusted_order.adjusted_minor, 0), 1) > 0
),
next_order as (
  select
    customer_id, as_of,
    timezone(time_zone, as_of) as from_at,
    timezone(time_zone, min(occurred_at)) as next_at,
    timezone(time_zone, min(occurred_at, 2)[2]) as second_at
  from later_order
  group by customer_id, as_of, time_zone
),
wait as (
  select
    customer_id, as_of,
    cast(epoch_us(next_at) - epoch_us(from_at) as double) / 86400000000.0 as days_to_next,
    cast(epoch_us(second_at) - epoch_us(from_at) as double) / 86400000000.0 as days_to_second
  from next_order
),
window_order as (
  select
    later_order.customer_id, later_order.as_of, label_window.horizon_days,
    count(*) as order_count,
    count(distinct later_order.days_after) as purchase_day_count,
    sum(later_order.total_minor) as total_minor
  from later_order
  join label_window on label_window.as_of = later_order.as_of
  where later_order.occurred_at < label_window.until_at
  group by later_order.customer_id, later_order.as_of, label_window.horizon_days
),
window_adjustment as (
  select
    later_order.customer_id, later_order.as_of, label_window.horizon_days,
    sum(coalesce(feature_adjustment.amount_minor, 0)) as adjusted_minor
  from later_order
  join label_window on label_window.as_of = later_order.as_of
  join feature_adjustment
    on feature_adjustment.order_id = later_order.order_id
    and feature_adjustment.occurred_at < label_window.until_at
    and feature_adjustment.received_at < label_window.until_at
  where later_order.occurred_at < label_window.until_at
  group by later_order.customer_id, later_order.as_of, label_window.horizon_days
)
select
  spine.customer_id, spine.as_of,
  label_window.until_at <= spine.observed_until as is_complete,
  cast(coalesce(window_order.order_count, 0) as integer) as order_count,
  cast(coalesce(window_order.purchase_day_count, 0) as integer) as purchase_day_count,
  -- never below zero, though an autumn night has an hour twice
  case when wait.days_to_next < 0 then 0.0 else wait.days_to_next end as days_to_next,
  case when wait.days_to_second < 0 then 0.0 else wait.days_to_second end as days_to_second,
  cast(spine.observed_day - spine.local_day as integer) as censored_after_days,
  cast(coalesce(window_order.total_minor, 0) - coalesce(window_adjustment.adjusted_minor, 0) as bigint) as net_minor
from spine
join label_window on label_window.as_of = spine.as_of
left join wait on wait.customer_id = spine.customer_id and wait.as_of = spine.as_of
left join window_order
  on window_order.customer_id = spine.customer_id and window_order.as_of = spine.as_of
  and window_order.horizon_days = label_window.horizon_days
left join window_adjustment
  on window_adjustment.customer_id = spine.customer_id and window_adjustment.as_of = spine.as_of
  and window_adjustment.horizon_days = label_window.horizon_days
order by label_window.horizon_days, spine.as_of, spine.customer_id
