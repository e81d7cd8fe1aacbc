-- Links the foremost identity of each staged row (stage_claim) to whoever already bears another of its identities, so that
-- the row finds them. Not where that person has reached the limit of such identities ($2 types, $3 counts, $4 windows in
-- days, null: ever): then the row is of somebody else who shares, say, an e-mail address. $1 tenant, $5 source, $6 now.
with allowed as (
  select * from unnest(cast($2 as text[]), cast($3 as integer[]), cast($4 as integer[])) as limits (type, most, days)
),
known as (
  select distinct on (claim.row_key) claim.row_key, claim.rank, bearer.customer_id, customer.root_id
  from stage_claim as claim
  join identity as bearer
    on bearer.tenant_id = $1 and bearer.type = claim.type and bearer.value = claim.value
    and bearer.unlinked_at is null
  join customer on customer.id = bearer.customer_id
  order by claim.row_key, claim.rank
),
wanted as (
  select distinct on (foremost.type, foremost.value) foremost.type, foremost.value, known.customer_id, known.root_id
  from known
  join stage_claim as foremost on foremost.row_key = known.row_key and foremost.rank = 0
  where known.rank > 0
  order by foremost.type, foremost.value, known.rank, known.customer_id
),
counted as (
  select wanted.*, row_number() over (partition by wanted.root_id, wanted.type order by wanted.value) + (
    select count(*)
    from customer as member
    join identity as held on held.customer_id = member.id
    where member.root_id = wanted.root_id and held.type = wanted.type and held.unlinked_at is null
      and (allowed.days is null or held.linked_at > cast($6 as timestamptz) - make_interval(days => allowed.days))
  ) as nth, allowed.most
  from wanted
  join allowed on allowed.type = wanted.type
)
insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
select $1, customer_id, type, value, $5, 'shared identity', $6, 'import'
from counted
where nth <= most
