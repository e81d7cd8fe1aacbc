-- The person's purchase journeys, as they are stored.
select {columns}
from {table:purchase_journey} {item}
where {item}.customer_id = {row}.id and {item}.started_at < {now}{where}
order by {order}
limit {limit}
