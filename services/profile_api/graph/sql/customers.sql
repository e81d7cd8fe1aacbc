-- Persons (never absorbed ids) in the asked order, those excluded by a filter or without the ordering's figure left out.
select {columns}, {sort} as sort_value
from {table:customer} {item}{joins}
where {item}.id = {item}.root_id{where}
order by {order}
limit {limit}
