-- The person's facts in one table: one page by its index. Only where others were absorbed, the best of each member's
-- own page.
select {columns}
from (
  select {columns}
  from {table:{facts}} {item}
  where {item}.customer_id = {row}.id{where}
  order by {order}
  limit {limit}
) {item}
where not {row}.absorbs
union all
select {columns}
from (
  {sql:facts_of_members}
) {item}
where {row}.absorbs
