-- One 'Order Refunded' (or 'Order Cancelled') touchpoint for each return document among the new adjustments $4.
-- $1 tenant, $2 source, $3 time zone.
with document as (
  select
    regexp_replace(adjustment_key, '#[0-9]+$', '') as return_key,
    customer_id,
    min(occurred_at) as occurred_at,
    max(received_at) as received_at,
    bool_or(kind = 'CANCELLATION') as is_cancellation,
    case when min(order_id) = max(order_id) then min(order_id) end as order_id
  from order_adjustment
  where id = any ($4)
  group by regexp_replace(adjustment_key, '#[0-9]+$', ''), customer_id
),
told as (
  select document.*, customer_order.order_key, coalesce(customer_order.channel, 'OTHER') as channel,
    customer_order.store_id,
    document.occurred_at at time zone $3 as local_time,
    cast(encode(substring(sha256(convert_to(
      cast($1 as integer) || ':return:' || document.return_key || ':' || extract(epoch from document.occurred_at), 'UTF8'
    )) from 1 for 16), 'hex') as uuid) as message_key
  from document
  left join customer_order on customer_order.id = document.order_id
),
accepted as (
  insert into received_message (message_key, tenant_id, received_at)
  select message_key, cast($1 as integer), received_at from told
  on conflict do nothing
  returning message_key
)
insert into event (
  tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, store_id,
  order_id, source, properties, message_key
)
select
  cast($1 as integer), customer_id, case when is_cancellation then 'Order Cancelled' else 'Order Refunded' end, 'ORDER',
  channel, occurred_at, received_at, cast(local_time as date) - date '1970-01-01',
  cast((extract(year from local_time) - 1970) * 12 + extract(month from local_time) - 1 as integer),
  cast(extract(hour from local_time) as smallint), store_id, order_id, $2,
  jsonb_strip_nulls(jsonb_build_object('order_id', order_key, 'return_id', return_key)), message_key
from told
join accepted using (message_key)
