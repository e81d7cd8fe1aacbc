-- Records a touchpoint once: $11 is its message key, and the second time the rows of the first are returned.
with accepted as (
  insert into received_message (message_key, tenant_id, received_at)
  values ($11::uuid, $1::integer, $8::timestamptz)
  on conflict (message_key) do nothing
  returning message_key
),
happened as (
  select ($7::timestamptz at time zone tenant.time_zone) as local from tenant where id = $1::integer
),
recorded as (
  insert into event (
    tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, source,
    properties, message_key
  )
  select
    $1::integer, $2::bigint, $3::text, $4::text, $5::text, $7::timestamptz, $8::timestamptz,
    local::date - date '1970-01-01',
    (extract(year from local)::integer - 1970) * 12 + extract(month from local)::integer - 1,
    extract(hour from local)::smallint, $9::text, $10::jsonb, message_key
  from accepted
  cross join happened
  returning customer_id, id
)
select customer_id, id from recorded
union all
select event.customer_id, event.id
from customer
join event on event.customer_id = customer.id
where customer.root_id = $6::bigint and event.tenant_id = $1::integer and event.message_key = $11::uuid
limit 1
