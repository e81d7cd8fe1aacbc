-- Moves the order facts of a workspace by $weeks weeks, at the same local times of day (the session's time zone).
create or replace table order_fact as
select * replace (
  ordered_at + to_days(7 * $weeks) as ordered_at,
  received_at + to_days(7 * $weeks) as received_at,
  delivered_at + to_days(7 * $weeks) as delivered_at,
  invalid_at + to_days(7 * $weeks) as invalid_at,
  invalid_received_at + to_days(7 * $weeks) as invalid_received_at,
  local_day + 7 * $weeks as local_day,
  cast(datediff('month', date '1970-01-01', cast(ordered_at + to_days(7 * $weeks) as date)) as integer) as local_month
)
from order_fact;

create or replace table order_adjustment_fact as
select * replace (
  occurred_at + to_days(7 * $weeks) as occurred_at,
  received_at + to_days(7 * $weeks) as received_at,
  local_day + 7 * $weeks as local_day
)
from order_adjustment_fact;
