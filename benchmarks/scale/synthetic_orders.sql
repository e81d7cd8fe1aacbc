-- The generated orders as an order file says them: one row per line, the amount of an order shared between its lines.
select
  'C' || order_row.customer_id as customer_id, 'O' || order_row.id as order_id, ordered_at, received_at, channel,
  store_id, product_id, category, 1 as quantity, round(total_minor / 100.0 / line_count, 2) as amount, 'EUR' as currency
from order_row
join line_row on line_row.order_id = order_row.id
