-- One 'Order Completed' touchpoint for each new order. $1 tenant, $2 source. Returns how many.
with told as (
  select customer_order.*,
    cast(encode(substring(sha256(convert_to(cast($1 as integer) || ':order:' || customer_order.order_key, 'UTF8')) from 1 for 16), 'hex')
      as uuid) as message_key
  from customer_order
  join order_plan as plan on plan.order_id = customer_order.id
  where plan.step = 'NEW'
),
accepted as (
  insert into received_message (message_key, tenant_id, received_at)
  select message_key, cast($1 as integer), received_at from told
  on conflict do nothing
  returning message_key
)
insert into event (
  tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, store_id,
  campaign, order_id, source, properties, message_key
)
select
  cast($1 as integer), customer_id, 'Order Completed', 'ORDER', channel, ordered_at, received_at, local_day, local_month,
  local_hour, store_id, campaign, id, $2, jsonb_build_object('order_id', order_key), message_key
from told
join accepted using (message_key)
