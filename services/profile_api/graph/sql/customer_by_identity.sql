-- The person an identifier was last linked to, whoever absorbed them since.
select person.*
from (
  select linked.customer_id from {table:identity} linked
  where linked.type = {arg:identity.type} and linked.value = {arg:identity:identity}
  order by linked.unlinked_at desc nulls first, linked.linked_at desc limit 1
) found
join {table:customer} leaf on leaf.id = found.customer_id
join {table:customer} person on person.id = leaf.root_id
