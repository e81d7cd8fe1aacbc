-- How many valid orders the person placed in the last 365 days.
select count(*)
from {members} member
join {table:customer_order} placed on placed.customer_id = member.id
where placed.ordered_at > {as_of} - interval '365 days' and placed.ordered_at <= {as_of}{known:placed.received_at}
  and ({invalid_at:placed} is null or {invalid_at:placed} > {as_of})
