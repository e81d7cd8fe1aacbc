-- When the next change of stage of tenant $1 in model $2 is due after the instant $3; null when none is known.
select min(greatest(effective_at, recorded_at)) from lifecycle_transition
where tenant_id = $1::integer and model = $2::text and greatest(effective_at, recorded_at) > $3::timestamptz
