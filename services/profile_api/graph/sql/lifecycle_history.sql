-- The stages the person entered in one model; those to come without another fact are left out unless asked for.
select {columns}
from {table:lifecycle_transition} {item}
where {item}.customer_id = {row}.id
  and {item}.model = {arg:model:lifecycle_model}
  and ({arg:includeFuture:boolean} or {item}.effective_at <= {as_of}){where}
order by {order}
limit {limit}
