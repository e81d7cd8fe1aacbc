-- The stages in force at $3 that were entered, or became known, after $4, the newest $5 of tenant $1 in model $2, in
-- the order in which they became news.
select customer_id, effective_at, recorded_at, to_stage
from (
  select customer_id, effective_at, recorded_at, to_stage, greatest(effective_at, recorded_at) as news_at
  from lifecycle_transition
  where tenant_id = $1::integer and model = $2::text
    and greatest(effective_at, recorded_at) > $4::timestamptz and greatest(effective_at, recorded_at) <= $3::timestamptz
    and until_at > $3::timestamptz
  order by greatest(effective_at, recorded_at) desc
  limit $5::integer
) newest
order by news_at, customer_id
