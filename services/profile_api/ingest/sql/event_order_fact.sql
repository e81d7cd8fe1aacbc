-- One order per order id among the 'Order Completed' calls. Worth: the total less tax, else the revenue, else the products.
create or replace table order_fact as
with told as (
  select * from event_row_taken
  where name = 'Order Completed'
  qualify row_number() over (partition by order_key order by occurred_at, row_number) = 1
),
line as (
  select order_key, sum(amount_minor) as amount_minor, cast(count(*) as integer) as line_count,
    arg_max(category, amount_minor) as main_category
  from order_line_fact
  group by order_key
),
amount as (
  select *,
    try_cast(json_extract_string(properties, '$.total') as double) as total,
    coalesce(try_cast(json_extract_string(properties, '$.tax') as double), 0) as tax,
    try_cast(json_extract_string(properties, '$.revenue') as double) as revenue,
    try_cast(json_extract_string(properties, '$.discount') as double) as discount
  from told
)
select
  amount.order_key,
  identity_type as customer_type,
  identity_value as customer_key,
  occurred_at as ordered_at,
  received_at,
  cast(datediff('day', date '1970-01-01', cast(occurred_at as date)) as integer) as local_day,
  cast(datediff('month', date '1970-01-01', cast(occurred_at as date)) as integer) as local_month,
  cast(date_part('hour', occurred_at) as smallint) as local_hour,
  channel,
  store_id,
  $currency as currency,
  cast(coalesce(
    round((total - tax) * $minor_factor), round(revenue * $minor_factor), line.amount_minor
  ) as bigint) as total_minor,
  cast(round(discount * $minor_factor) as bigint) as discount_minor,
  coalesce(line.line_count, 0) as line_count,
  line.main_category,
  json_extract_string(properties, '$.shipping_method') as delivery_type,
  json_extract_string(properties, '$.payment_method') as payment_method,
  campaign,
  cast(null as timestamptz) as delivered_at,
  cast(null as varchar) as properties
from amount
left join line on line.order_key = amount.order_key
