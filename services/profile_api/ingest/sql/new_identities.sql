-- Links the staged further identities (stage_identity) to the bearers of their owners, where nobody bears them yet. One that
-- two owners of the import claim goes to the first of them. $1 tenant. Returns the touched roots.
with claim as (
  select distinct on (staged.type, staged.value)
    staged.type, staged.value, staged.source, staged.linked_at, bearer.customer_id
  from stage_identity as staged
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = staged.owner_type and bearer.value = staged.owner_value
    and bearer.unlinked_at is null
  where not exists (
    select from identity as known
    where known.tenant_id = $1 and known.type = staged.type and known.value = staged.value
      and known.unlinked_at is null
  )
  order by staged.type, staged.value, staged.linked_at, bearer.customer_id
),
linked as (
  insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
  select $1, customer_id, type, value, source, 'imported', linked_at, 'import' from claim
  returning customer_id
)
select customer.root_id, count(*) as identities
from linked
join customer on customer.id = linked.customer_id
group by customer.root_id
