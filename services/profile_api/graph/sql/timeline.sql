-- The person's touchpoints: one page by its index. Only where others were absorbed, the best of each member's own page.
select {columns}
from (
  select {columns}
  from {table:event} {item}
  where {item}.customer_id = {row}.id{where}
  order by {order}
  limit {limit}
) {item}
where not {row}.absorbs
union all
select {columns}
from (
  {of_members}
) {item}
where {row}.absorbs
