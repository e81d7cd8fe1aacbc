-- The touchpoints of one purchase journey.
select {columns}
from {table:customer} member
cross join lateral (
  select {columns}
  from {table:event} {item}
  where {item}.customer_id = member.id
    and {item}.occurred_at between {row}.started_at and {row}.ended_at{before:occurred_at}{where}
  order by {order}
  limit {limit}
) {item}
where member.root_id = {row}.customer_id
order by {order}
limit {limit}
