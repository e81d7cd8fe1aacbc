-- The next $3 customers of tenant $1 whose scoring is due at $2, the most urgent first. Takes no locks: a change that
-- comes meanwhile gives the request a new version, and only the version that was read is settled.
select customer_id, version, requested_at, attempts
from rescoring_request
where tenant_id = $1::integer
  and due_at <= $2::timestamptz
order by priority, due_at
limit $3::integer
