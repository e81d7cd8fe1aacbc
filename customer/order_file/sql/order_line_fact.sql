-- What was bought, one row per line of an order, returns not deducted.
select
  order_id as order_key,
  cast(row_number() over (partition by order_id order by row_number) as integer) as line_number,
  customer_id as customer_key,
  ordered_at,
  case when is_product then product_id end as product_id,
  category,
  quantity,
  amount_minor,
  properties
from order_row_taken
where not is_return
