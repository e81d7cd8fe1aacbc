-- Every identifier ever linked to the person, those in force first.
select linked.*
from {members} member
join {table:identity} linked on linked.customer_id = member.id
where {by_then:linked.linked_at}{known:linked.linked_at}
order by
  case when {by_then:linked.unlinked_at}{known:linked.unlinked_at} then linked.unlinked_at end desc nulls first,
  linked.type, linked.linked_at, linked.id
limit 500
