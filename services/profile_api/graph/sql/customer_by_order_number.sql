-- The person who placed the order of this number, else the one it was last linked to as an identifier.
select person.*
from (
  (
    select placed.customer_id, 1 as standing from {table:customer_order} placed
    where placed.order_key = {arg:identity:identity} limit 1
  )
  union all
  (
    select linked.customer_id, 2 from {table:identity} linked
    where linked.type = 'ORDER_ID' and linked.value = {arg:identity:identity}
    order by linked.unlinked_at desc nulls first, linked.linked_at desc limit 1
  )
  order by standing limit 1
) found
join {table:customer} leaf on leaf.id = found.customer_id
join {table:customer} person on person.id = leaf.root_id
