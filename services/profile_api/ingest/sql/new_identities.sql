-- Links the staged further identities (stage_identity) to the bearers of their owners, where nobody bears them yet and the
-- limit of their type is not reached ($2 types, $3 counts, $4 windows in days, null: ever). One that two owners claim goes
-- to the earliest. $1 tenant. Returns the touched roots and how many identities each gained.
with allowed as (
  select * from unnest(cast($2 as text[]), cast($3 as integer[]), cast($4 as integer[])) as limits (type, most, days)
),
claim as (
  select distinct on (staged.type, staged.value)
    staged.type, staged.value, staged.source, staged.linked_at, bearer.customer_id, customer.root_id
  from stage_identity as staged
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = staged.owner_type and bearer.value = staged.owner_value
    and bearer.unlinked_at is null
  join customer on customer.id = bearer.customer_id
  where not exists (
    select from identity as known
    where known.tenant_id = $1 and known.type = staged.type and known.value = staged.value
      and known.unlinked_at is null
  )
  order by staged.type, staged.value, staged.linked_at, bearer.customer_id
),
held as (
  select customer.root_id, identity.type, identity.linked_at
  from identity
  join customer on customer.id = identity.customer_id
  where customer.root_id in (select root_id from claim) and identity.unlinked_at is null
),
counted as (
  select claim.*, allowed.most,
    row_number() over (partition by claim.root_id, claim.type order by claim.linked_at, claim.value) + (
      select count(*) from held
      where held.root_id = claim.root_id and held.type = claim.type
        and (allowed.days is null or held.linked_at > claim.linked_at - make_interval(days => allowed.days))
    ) as nth
  from claim
  join allowed on allowed.type = claim.type
),
linked as (
  insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
  select $1, customer_id, type, value, source, 'imported', linked_at, 'import'
  from counted
  where nth <= most
  returning customer_id
)
select customer.root_id, count(*) as identities
from linked
join customer on customer.id = linked.customer_id
group by customer.root_id
