-- Facts of getvariable('customers') made-up customers over two years, some nine orders, eighteen lines and twelve other touchpoints
-- each, the same for the same number of customers, whatever the number of threads.
create or replace table customer_row as
select
  id,
  -- heavy-tailed: most buy a few times, some every week
  cast(least(100, 1 + floor(-8 * ln((hash(id, 1) % 1000000 + 1) / 1000001.0))) as integer) as order_count,
  cast(hash(id, 2) % 24 as integer) as event_count
from range(1, getvariable('customers') + 1) as customer (id);

create or replace table order_row as
with numbered as (
  select id as customer_id, unnest(range(order_count)) as number from customer_row
),
timed as (
  select
    customer_id,
    customer_id * 128 + number as id,
    timestamptz '2024-01-01 00:00:00+00' + to_seconds(cast(hash(customer_id, number, 3) % (730 * 86400) as bigint))
      as ordered_at
  from numbered
)
select
  customer_id, id, ordered_at,
  ordered_at + to_seconds(cast(hash(id, 4) % 3600 as bigint)) as received_at,
  cast(date_diff('day', date '1970-01-01', cast(ordered_at as date)) as integer) as local_day,
  cast(date_diff('month', date '1970-01-01', cast(ordered_at as date)) as integer) as local_month,
  cast(date_part('hour', ordered_at) as integer) as local_hour,
  ['WEB', 'STORE', 'APP', 'CALL_CENTRE'][1 + cast(hash(id, 5) % 4 as integer)] as channel,
  'S' || cast(hash(id, 6) % 200 as varchar) as store_id,
  cast(500 + hash(id, 7) % 20000 as bigint) as total_minor,
  cast(hash(id, 8) % 300 as bigint) as discount_minor,
  cast(1 + hash(id, 9) % 3 as integer) as line_count
from timed;

create or replace table line_row as
with numbered as (
  select id as order_id, customer_id, unnest(range(line_count)) as number from order_row
)
select
  order_id, customer_id, cast(number + 1 as integer) as line_number,
  'P' || cast(hash(order_id, number, 10) % 20000 as varchar) as product_id,
  'C' || cast(hash(order_id, number, 11) % 40 as varchar) as category
from numbered;

create or replace table adjustment_row as
select
  id as id, id as order_id, customer_id,
  ordered_at + interval 5 days as occurred_at,
  ordered_at + interval 5 days as received_at,
  local_day + 5 as local_day,
  total_minor // 3 as amount_minor
from order_row
where hash(id, 12) % 20 = 0;

create or replace table event_row as
with numbered as (
  select id as customer_id, unnest(range(event_count)) as number from customer_row
),
timed as (
  select
    customer_id,
    customer_id * 128 + number as id,
    timestamptz '2024-01-01 00:00:00+00' + to_seconds(cast(hash(customer_id, number, 13) % (730 * 86400) as bigint))
      as occurred_at,
    1 + cast(hash(customer_id, number, 14) % 5 as integer) as kind
  from numbered
)
select
  customer_id, id, occurred_at, occurred_at as received_at,
  cast(date_diff('day', date '1970-01-01', cast(occurred_at as date)) as integer) as local_day,
  cast(date_diff('month', date '1970-01-01', cast(occurred_at as date)) as integer) as local_month,
  cast(date_part('hour', occurred_at) as integer) as local_hour,
  ['BROWSE', 'CART', 'CAMPAIGN', 'SERVICE', 'FEEDBACK'][kind] as type,
  ['Product Viewed', 'Product Added', 'Email Opened', 'Ticket Opened', 'Survey Answered'][kind] as name,
  ['WEB', 'WEB', 'EMAIL', 'CALL_CENTRE', 'WEB'][kind] as channel
from timed;
