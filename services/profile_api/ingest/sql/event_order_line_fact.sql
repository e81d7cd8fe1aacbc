-- The products of completed orders. Of an order told twice the first message counts.
create or replace table order_line_fact as
with told as (
  select * from event_row_taken
  where name = 'Order Completed'
  qualify row_number() over (partition by order_key order by occurred_at, row_number) = 1
),
product as (
  select told.order_key, told.identity_type, told.identity_value, cast(item.key as integer) + 1 as line_number, item.value
  from told, json_each(json_extract(told.properties, '$.products')) as item
  where json_type(json_extract(told.properties, '$.products')) = 'ARRAY'
),
read_product as (
  select *, try_cast(json_extract_string(value, '$.price') as double) as price,
    coalesce(try_cast(json_extract_string(value, '$.quantity') as double), 1) as quantity
  from product
)
select
  order_key, line_number, identity_value as customer_key,
  coalesce(json_extract_string(value, '$.product_id'), json_extract_string(value, '$.sku')) as product_id,
  json_extract_string(value, '$.category') as category,
  case when quantity between 0 and 1e12 then cast(round(quantity, 4) as decimal(18, 4)) end as quantity,
  case when abs(price * quantity) <= 1e12 then cast(round(price * quantity * $minor_factor) as bigint) end
    as amount_minor,
  cast(null as varchar) as properties
from read_product
