-- The staged statements of consent (stage_consent) that are not known yet. $1 tenant. Returns the touched roots.
with resolved as (
  select distinct bearer.customer_id, staged.purpose, staged.channel, staged.status, staged.proof, staged.source,
    staged.effective_at, staged.recorded_at
  from stage_consent as staged
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = staged.identity_type and bearer.value = staged.identity_value
    and bearer.unlinked_at is null
),
stated as (
  insert into consent (
    tenant_id, customer_id, purpose, channel, status, proof, source, effective_at, recorded_at
  )
  select $1, customer_id, purpose, channel, status, proof, source, effective_at, recorded_at
  from resolved
  where not exists (
    select from consent as known
    where known.customer_id = resolved.customer_id and known.purpose = resolved.purpose
      and known.channel is not distinct from resolved.channel and known.status = resolved.status
      and known.effective_at = resolved.effective_at and known.source = resolved.source
  )
  returning customer_id
)
select customer.root_id, count(*) as consents
from stated
join customer on customer.id = stated.customer_id
group by customer.root_id
