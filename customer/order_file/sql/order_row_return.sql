-- Returned rows, each matched to the order it takes from: its own order id if that is an earlier order of the customer, else
-- the customer's latest earlier order containing the product, else the latest earlier order, else none.
with returned_row as (
  select *, row_number() over (partition by order_id order by ordered_at, product_id, amount_minor, row_number) as nth
  from order_row_taken
  where is_return
),
bought_row as (
  select * from order_row_taken
  where not is_return and customer_id in (select customer_id from returned_row)
),
purchase as (
  select customer_id, order_id, min(ordered_at) as ordered_at
  from bought_row
  group by customer_id, order_id
),
own_purchase as (
  select customer_id, order_id, ordered_at from purchase
),
product_purchase as (
  select line.customer_id, line.product_id, purchase.ordered_at, max(line.order_id) as order_id
  from bought_row as line
  join purchase on line.order_id = purchase.order_id
  where line.is_product and line.product_id is not null
  group by line.customer_id, line.product_id, purchase.ordered_at
),
any_purchase as (
  select customer_id, ordered_at, max(order_id) as order_id
  from purchase
  group by customer_id, ordered_at
)
select
  returned_row.*,
  coalesce(own_purchase.order_id, product_purchase.order_id, any_purchase.order_id) as matched_order_id
from returned_row
left join own_purchase
  on returned_row.customer_id = own_purchase.customer_id and returned_row.order_id = own_purchase.order_id
  and returned_row.ordered_at >= own_purchase.ordered_at
asof left join product_purchase
  on returned_row.customer_id = product_purchase.customer_id
  and returned_row.product_id = product_purchase.product_id
  and returned_row.ordered_at >= product_purchase.ordered_at
asof left join any_purchase
  on returned_row.customer_id = any_purchase.customer_id
  and returned_row.ordered_at >= any_purchase.ordered_at
