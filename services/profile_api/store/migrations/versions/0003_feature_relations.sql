-- The relations that customer/features/feature_vectors.sql reads, over the tables of facts. A fact belongs to its leaf;
-- feature_member says whose member a leaf is. Views, so that the planner sees the tables' own indexes.
create view feature_member with (security_invoker = true) as
select
  tenant_id,
  root_id as customer_id,
  id as member_id,
  timestamptz '1900-01-01 00:00:00+00' as known_at,
  timestamptz '9999-12-31 00:00:00+00' as until_at
from customer;

create view feature_order with (security_invoker = true) as
select
  tenant_id,
  customer_id as member_id, id as order_id, ordered_at as occurred_at, received_at, local_day, local_month,
  cast(local_hour as integer) as local_hour, channel, store_id, total_minor, discount_minor, line_count,
  invalid_at, invalid_received_at
from customer_order;

create view feature_order_line with (security_invoker = true) as
select tenant_id, order_id, customer_id as member_id, product_id, category
from order_line;

create view feature_adjustment with (security_invoker = true) as
select tenant_id, customer_id as member_id, order_id, kind, occurred_at, received_at, local_day, amount_minor
from order_adjustment;

create view feature_event with (security_invoker = true) as
select tenant_id, customer_id as member_id, type, name, channel, occurred_at, received_at, local_day
from event;
