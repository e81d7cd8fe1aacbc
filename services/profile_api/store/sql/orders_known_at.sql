-- The orders of the members $1 of tenant $2 as the lifecycle rules take them, at most $4: each ceases to count when what
-- was received before $3 (null: everything) says so.
select
  id, ordered_at, received_at, local_day, main_category as category,
  case
    when invalid_at is null or $3::timestamptz is null then invalid_at
    when coalesce(invalid_received_at, received_at) < $3::timestamptz then invalid_at
    else order_invalid_at(id, $3::timestamptz)
  end as invalid_at
from customer_order
where customer_id = any($1::bigint[]) and tenant_id = $2::integer
limit $4::integer
