-- Every identifier ever linked to the person, those in force first.
select linked.*
from {table:customer} member
join {table:identity} linked on linked.customer_id = member.id
where member.root_id = {row}.id and {by_then:linked.linked_at}{known:linked.linked_at}
order by
  case when {by_then:linked.unlinked_at}{known:linked.unlinked_at} then linked.unlinked_at end desc nulls first,
  linked.type, linked.linked_at, linked.id
limit 500
