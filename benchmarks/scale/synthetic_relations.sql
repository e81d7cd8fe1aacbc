-- The generated facts under the names and columns that the features read.
create or replace view feature_customer as
select id as customer_id, cast(id as varchar) as customer_key from customer_row;

create or replace table feature_member as
select
  id as customer_id, id as member_id,
  timestamptz '1900-01-01 00:00:00+00' as known_at, timestamptz '9999-12-31 00:00:00+00' as until_at
from customer_row;

create or replace view feature_order as
select
  customer_id as member_id, id as order_id, ordered_at as occurred_at, received_at, local_day, local_month, local_hour,
  channel, store_id, total_minor, discount_minor, line_count,
  cast(null as timestamptz) as invalid_at, cast(null as timestamptz) as invalid_received_at
from order_row;

create or replace view feature_order_line as
select order_id, customer_id as member_id, product_id, category from line_row;

create or replace view feature_adjustment as
select customer_id as member_id, order_id, 'RETURN' as kind, occurred_at, received_at, local_day, amount_minor
from adjustment_row;

create or replace view feature_event as
select customer_id as member_id, type, name, channel, occurred_at, received_at, local_day from event_row;
