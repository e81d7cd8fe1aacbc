-- Gives every staged customer (stage_customer.identity_value) a leaf: the bearer of the identity, or a new customer
-- who is known from first_at on. Returns how many are new. $1 tenant, $2 identity type, $3 source.
with unknown as (
  select staged.identity_value, staged.first_at, staged.first_received_at,
    nextval(pg_get_serial_sequence('customer', 'id')) as id
  from stage_customer as staged
  where not exists (
    select from identity
    where identity.tenant_id = $1 and identity.type = $2 and identity.value = staged.identity_value
      and identity.unlinked_at is null
  )
),
created as (
  insert into customer (id, tenant_id, root_id, created_at)
  select id, $1, id, first_at from unknown
),
linked as (
  insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
  select $1, id, $2, identity_value, $3, 'imported', first_received_at, 'import' from unknown
)
select count(*) from unknown
