-- The staged touchpoints (stage_touchpoint) whose message is new; an order is told of once, whatever message tells it.
-- $1 tenant, $2 time zone. Returns the touched roots.
with resolved as (
  select distinct on (message_key)
    staged.*, bearer.customer_id, customer_order.id as order_id, staged.occurred_at at time zone $2 as local_time,
    cast(encode(substring(
      sha256(convert_to(cast($1 as integer) || ':' || staged.message_id, 'UTF8')) from 1 for 16
    ), 'hex') as uuid) as message_key
  from stage_touchpoint as staged
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = staged.identity_type and bearer.value = staged.identity_value
    and bearer.unlinked_at is null
  left join customer_order on customer_order.tenant_id = $1 and customer_order.order_key = staged.order_key
  where staged.name <> 'Order Completed' or not exists (
    select from event as told
    where told.customer_id = customer_order.customer_id and told.order_id = customer_order.id
      and told.name = 'Order Completed'
  )
  order by message_key
),
accepted as (
  insert into received_message (message_key, tenant_id, received_at)
  select message_key, $1, received_at from resolved
  on conflict do nothing
  returning message_key
),
told as (
  insert into event (
    tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, store_id,
    campaign, device, order_id, source, properties, message_key
  )
  select
    $1, customer_id, name, type, channel, occurred_at, received_at, cast(local_time as date) - date '1970-01-01',
    cast((extract(year from local_time) - 1970) * 12 + extract(month from local_time) - 1 as integer),
    cast(extract(hour from local_time) as smallint), store_id, campaign, device, order_id, source,
    coalesce(cast(properties as jsonb), '{}'), message_key
  from resolved
  join accepted using (message_key)
  returning customer_id
)
select customer.root_id, count(*) as events
from told
join customer on customer.id = told.customer_id
group by customer.root_id
