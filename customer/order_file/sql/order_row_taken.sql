-- The rows that count: sound, not repeated, of the order's owner.
select order_row.*
from order_row
left join order_row_repeat
  on order_row.order_id = order_row_repeat.order_id
  and order_row.content = order_row_repeat.content
left join order_row_conflict on order_row.order_id = order_row_conflict.order_id
where problem is null
  and row_number = coalesce(order_row_repeat.kept, row_number)
  and customer_id = coalesce(order_row_conflict.owner_id, customer_id)
