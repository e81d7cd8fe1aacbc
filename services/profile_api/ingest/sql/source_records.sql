-- Keeps the staged person records (stage_person) as received: new ones, and those whose traits have changed since. An
-- older record never replaces a newer one. $1 tenant. Returns the roots they belong to and whether each was new.
with resolved as (
  select distinct on (staged.source, staged.source_key)
    bearer.customer_id, staged.source, staged.source_key, cast(staged.traits as jsonb) as traits, staged.observed_at,
    staged.received_at
  from stage_person as staged
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = staged.identity_type and bearer.value = staged.identity_value
    and bearer.unlinked_at is null
  order by staged.source, staged.source_key, staged.observed_at desc, cast(staged.traits as text)
),
fresh as (
  select resolved.*, known.id is null as is_new
  from resolved
  left join source_record as known
    on known.tenant_id = $1 and known.source = resolved.source and known.source_key = resolved.source_key
  where known.id is null or (known.traits is distinct from resolved.traits and known.observed_at <= resolved.observed_at)
),
kept as (
  insert into source_record (tenant_id, customer_id, source, source_key, traits, observed_at, received_at)
  select $1, customer_id, source, source_key, traits, observed_at, received_at from fresh
  on conflict (tenant_id, source, source_key) do update
  set traits = excluded.traits, observed_at = excluded.observed_at, received_at = excluded.received_at
)
select customer.root_id, fresh.is_new
from fresh
join customer on customer.id = fresh.customer_id
