-- One order per basket. What the shop received counts as the total; the discounts it granted are kept beside it.
create or replace table order_fact as
with basket as (
  select
    basket_id,
    any_value(household_id) as household_id,
    any_value(store_id) as store_id,
    moved(min(transaction_timestamp)) as ordered_at,
    cast(sum(cast(round(sales_value * 100) as bigint)) as bigint) as total_minor,
    cast(sum(cast(round((retail_disc + coupon_disc + coupon_match_disc) * 100) as bigint)) as bigint) as discount_minor,
    cast(count(*) as integer) as line_count
  from transactions
  group by basket_id
),
category_weight as (
  select basket_id, coalesce(product_category, department) as category,
    sum(cast(round(sales_value * 100) as bigint)) as amount_minor, count(*) as line_count
  from transactions
  join products using (product_id)
  where coalesce(product_category, department) is not null
  group by basket_id, coalesce(product_category, department)
),
main_category as (
  select basket_id, arg_min(category, (-amount_minor, -line_count, category)) as main_category
  from category_weight
  group by basket_id
)
select
  cast(basket_id as varchar) as order_key,
  cast(household_id as varchar) as customer_key,
  ordered_at,
  ordered_at as received_at,
  cast(datediff('day', date '1970-01-01', cast(ordered_at as date)) as integer) as local_day,
  cast(datediff('month', date '1970-01-01', cast(ordered_at as date)) as integer) as local_month,
  cast(date_part('hour', ordered_at) as smallint) as local_hour,
  'STORE' as channel,
  cast(store_id as varchar) as store_id,
  'USD' as currency,
  total_minor,
  discount_minor,
  line_count,
  main_category,
  cast(null as varchar) as delivery_type,
  cast(null as varchar) as payment_method,
  cast(null as varchar) as campaign,
  cast(null as timestamptz) as delivered_at,
  cast(null as varchar) as properties
from basket
left join main_category using (basket_id)
