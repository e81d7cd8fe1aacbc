-- Gives every staged identity (stage_bearer) that nobody bears yet a new customer, known from the identity's first fact
-- on. Returns how many are new. $1 tenant.
with unknown as (
  select found.*, nextval(pg_get_serial_sequence('customer', 'id')) as id
  from (
    select staged.type, staged.value, staged.source, staged.first_at, staged.first_received_at
    from stage_bearer as staged
    where not exists (
      select from identity
      where identity.tenant_id = $1 and identity.type = staged.type and identity.value = staged.value
        and identity.unlinked_at is null
    )
    order by staged.first_at, staged.type, staged.value
  ) as found
),
created as (
  insert into customer (id, tenant_id, root_id, created_at)
  select id, $1, id, first_at from unknown
),
linked as (
  insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
  select $1, id, type, value, source, 'imported', first_received_at, 'import' from unknown
)
select count(*) from unknown
