-- One row per basket: when, where, how much, what was bought most, and when the household was last here before.
create or replace table sim_basket as
with line as (
  select household_id, store_id, basket_id, product_id, transaction_timestamp, sales_value
  from transactions
),
basket as (
  select
    household_id, basket_id, min(store_id) as store_id, min(transaction_timestamp) as ordered_at,
    sum(sales_value) as total, list(product_id order by sales_value desc, product_id)[1:4] as products
  from line
  group by household_id, basket_id
)
select
  basket.*,
  lag(ordered_at) over (partition by household_id order by ordered_at, basket_id) as previous_at,
  products.product_category as category
from basket
left join products on products.product_id = basket.products[1];
