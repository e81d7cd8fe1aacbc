-- Turns the clean facts of a share of an order file (order_row_taken, order_fact, order_line_fact, order_adjustment_fact) into
-- the relations that the features read. Keys become numbers in key order, the rest of whose division by getvariable('shares')
-- is the share's own number: no two shares give the same.
create table feature_customer as
select
  row_number() over (order by customer_key) * getvariable('shares') + getvariable('share') as customer_id, customer_key
from (select distinct customer_id as customer_key from order_row_taken);

create table feature_member as
select
  customer_id, customer_id as member_id,
  timestamptz '1900-01-01 00:00:00+00' as known_at,
  timestamptz '9999-12-31 00:00:00+00' as until_at
from feature_customer;

create table feature_order as
select
  customer_id as member_id,
  row_number() over (order by order_key) * getvariable('shares') + getvariable('share') as order_id,
  ordered_at as occurred_at, received_at, local_day, local_month, cast(local_hour as integer) as local_hour, channel,
  store_id, total_minor, discount_minor, line_count, invalid_at, invalid_received_at, order_key
from order_fact
join feature_customer using (customer_key);

create table feature_order_line as
select order_id, feature_order.member_id, product_id, category
from order_line_fact
join feature_order using (order_key);

create table feature_adjustment as
select
  feature_customer.customer_id as member_id, feature_order.order_id, kind, adjustment.occurred_at,
  adjustment.received_at, adjustment.local_day, amount_minor
from order_adjustment_fact as adjustment
join feature_customer using (customer_key)
left join feature_order on feature_order.order_key = adjustment.order_key;

create table feature_event (
  member_id bigint, type text, name text, channel text, occurred_at timestamptz, received_at timestamptz,
  local_day integer
);
