-- Turns the clean facts of an order file (order_fact, order_line_fact, order_adjustment_fact) into the relations that
-- the features read. Keys become dense numbers, in key order; feature_customer remembers which is which.
create or replace table feature_customer as
select row_number() over (order by customer_key) as customer_id, customer_key
from (select customer_key from order_fact union select customer_key from order_adjustment_fact);

create or replace table feature_order_key as
select row_number() over (order by order_key) as order_id, order_key
from order_fact;

create or replace table feature_member as
select
  customer_id, customer_id as member_id,
  timestamptz '1900-01-01 00:00:00+00' as known_at,
  timestamptz '9999-12-31 00:00:00+00' as until_at
from feature_customer;

create or replace table feature_order as
select
  customer_id as member_id, order_id, ordered_at as occurred_at, received_at, local_day, local_month,
  cast(local_hour as integer) as local_hour, channel, store_id, total_minor, discount_minor, line_count,
  invalid_at, invalid_received_at
from order_fact
join feature_customer using (customer_key)
join feature_order_key using (order_key);

create or replace table feature_order_line as
select order_id, feature_order.member_id, product_id, category
from order_line_fact
join feature_order_key using (order_key)
join feature_order using (order_id);

create or replace table feature_adjustment as
select
  customer_id as member_id, order_id, kind, occurred_at, received_at, local_day, amount_minor
from order_adjustment_fact
join feature_customer using (customer_key)
left join feature_order_key using (order_key);

create or replace table feature_event (
  member_id bigint, type text, name text, channel text, occurred_at timestamptz, received_at timestamptz,
  local_day integer
);
