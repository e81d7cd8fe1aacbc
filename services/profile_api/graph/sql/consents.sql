-- The person's latest statement per purpose and channel.
select distinct on (stated.purpose, stated.channel) stated.*
from {members} member
join {table:consent} stated on stated.customer_id = member.id
where {by_then:stated.effective_at}{known:stated.recorded_at}
order by stated.purpose, stated.channel nulls first, stated.effective_at desc, stated.id desc
