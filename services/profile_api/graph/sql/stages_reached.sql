-- The stages of tenant $1 in model $2, in force at $3, that took effect after $4 and were known to the snapshot $5 before
-- (null: or became known after $4): the next $9 after the keys $6, $7, $8.
select customer_id, effective_at, to_stage, greatest(effective_at, recorded_at) as news_at
from lifecycle_transition
where tenant_id = $1::integer and model = $2::text
  and greatest(effective_at, recorded_at) > $4::timestamptz
  and (greatest(effective_at, recorded_at), customer_id, effective_at) > ($6::timestamptz, $7::bigint, $8::timestamptz)
  and ($5::text is null or (effective_at > $4::timestamptz and pg_visible_in_snapshot(written_by, $5::text::pg_snapshot)))
  and effective_at <= $3::timestamptz and until_at > $3::timestamptz
order by greatest(effective_at, recorded_at), customer_id, effective_at
limit $9::integer
