-- Puts requests ($1, as read with version $2) off until $3 because of $4; with $3 null they wait for the
-- customer's next change.
update rescoring_request
set
  due_at = coalesce($3::timestamptz, 'infinity'),
  attempts = attempts + 1,
  last_error = $4::text
from unnest($1::bigint[], $2::bigint[]) as failed (customer_id, version)
where rescoring_request.customer_id = failed.customer_id
  and rescoring_request.version = failed.version
