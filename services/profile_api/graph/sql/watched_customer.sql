-- The person behind the customer $2 of tenant $1, and when their stage next changes by itself after the instant $3.
-- No row when there is no such customer.
select
  person.id as root_id,
  (
    select min(transition.effective_at) from lifecycle_transition transition
    where transition.customer_id = person.id and transition.effective_at > $3::timestamptz
  ) as next_at
from customer leaf
join customer person on person.id = leaf.root_id
where leaf.id = $2::bigint and leaf.tenant_id = $1::integer
