-- Keeps what is known of a model set, once: registering the same set again only renews where the registry has it.
insert into model_set (
  tenant_id, model_set, registered_at, as_of, horizon_days, feature_set, data_hash, code_version, seed, run_id,
  versions, basis, measures, card
)
select
  id, $2, now(), cast($3 as timestamptz), cast($4 as integer), $5, $6, $7, cast($8 as bigint), $9,
  cast($10 as jsonb), cast($11 as jsonb), cast($12 as jsonb), $13
from tenant
where $1 in (key, '')
order by id
limit 1
on conflict (tenant_id, model_set) do update set
  registered_at = excluded.registered_at,
  run_id = excluded.run_id,
  versions = excluded.versions
