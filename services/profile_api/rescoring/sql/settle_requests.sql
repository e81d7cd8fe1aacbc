-- Forgets requests ($1) that were answered, unless they have been renewed since they were read with version $2.
delete from rescoring_request
using unnest($1::bigint[], $2::bigint[]) as answered (customer_id, version)
where rescoring_request.customer_id = answered.customer_id
  and rescoring_request.version = answered.version
