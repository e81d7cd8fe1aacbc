-- Every identifier ever linked to the person, those in force first.
select linked.*
from {table:customer} member
join {table:identity} linked on linked.customer_id = member.id
where member.root_id = {row}.id and linked.linked_at <= {as_of}{known:linked.linked_at}
order by linked.unlinked_at desc nulls first, linked.type, linked.linked_at, linked.id
limit 500
