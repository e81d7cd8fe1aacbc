-- The person's purchase journeys as far as everything known now.
select {item}.*
from {table:purchase_journey} {item}
where {item}.customer_id = {row}.id{where}
order by {order}
limit {limit}
