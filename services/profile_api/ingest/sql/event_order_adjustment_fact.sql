-- Refunds and cancellations of orders. A refund that names neither a total nor products gives back all there was.
create or replace table order_adjustment_fact as
with told as (
  select *, try_cast(json_extract_string(properties, '$.total') as double) as total
  from event_row_taken
  where name in ('Order Refunded', 'Order Cancelled') and order_key is not null
),
product as (
  select told.message_id, sum(
    try_cast(json_extract_string(item.value, '$.price') as double)
    * coalesce(try_cast(json_extract_string(item.value, '$.quantity') as double), 1)
  ) as amount
  from told, json_each(json_extract(told.properties, '$.products')) as item
  where json_type(json_extract(told.properties, '$.products')) = 'ARRAY'
  group by told.message_id
)
select
  told.message_id || '#1' as adjustment_key,
  identity_type as customer_type,
  identity_value as customer_key,
  order_key,
  case when name = 'Order Cancelled' then 'CANCELLATION' else 'REFUND' end as kind,
  occurred_at,
  received_at,
  cast(datediff('day', date '1970-01-01', cast(occurred_at as date)) as integer) as local_day,
  case when name = 'Order Refunded'
       then cast(round(abs(coalesce(told.total, product.amount)) * $minor_factor) as bigint) end as amount_minor,
  cast(null as varchar) as product_id,
  cast(null as decimal(18, 4)) as quantity,
  cast(null as varchar) as properties
from told
left join product on product.message_id = told.message_id
