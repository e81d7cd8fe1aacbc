-- The person's touchpoints: each member's own page by its index, then the best of those pages.
select {columns}
from {table:customer} member
cross join lateral (
  select {columns}
  from {table:event} {item}
  where {item}.customer_id = member.id{before:occurred_at}{where}
  order by {order}
  limit {limit}
) {item}
where member.root_id = {row}.id
order by {order}
limit {limit}
