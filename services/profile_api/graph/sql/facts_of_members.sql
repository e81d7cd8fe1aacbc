-- The person's facts in one table: each member's own page by its index, then the best of those pages.
select {columns}
from {table:customer} member
cross join lateral (
  select {columns}
  from {table:{facts}} {item}
  where {item}.customer_id = member.id{before:{instant}}{where}
  order by {order}
  limit {limit}
) {item}
where member.root_id = {row}.id
order by {order}
limit {limit}
