-- The stages of tenant $1 in model $2, in force at $3, that were written by transactions the snapshot $4 did not see and
-- the snapshot $5 does: the next $9 after the keys $6, $7, $8. Whatever a transaction wrote is told, however late it
-- commits. A stage with a transaction number of another server (after a restore) may be told once more.
select customer_id, effective_at, to_stage, written_by::text as written_by
from lifecycle_transition
where tenant_id = $1::integer and model = $2::text
  and written_by >= pg_snapshot_xmin($4::text::pg_snapshot)
  and (written_by, customer_id, effective_at) > ($6::text::xid8, $7::bigint, $8::timestamptz)
  and pg_visible_in_snapshot(written_by, $5::text::pg_snapshot)
  and not pg_visible_in_snapshot(written_by, $4::text::pg_snapshot)
  and effective_at <= $3::timestamptz and until_at > $3::timestamptz
order by written_by, customer_id, effective_at
limit $9::integer
