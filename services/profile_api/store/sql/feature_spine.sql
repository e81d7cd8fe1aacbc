-- The spine of a live reading: the people of the tenant whom the asked ids stand for, each once, all at one instant.
select
  person.customer_id,
  $3::timestamptz as as_of,
  ($3::timestamptz at time zone tenant.time_zone)::date - date '1970-01-01' as local_day,
  cast(extract(year from $3::timestamptz at time zone tenant.time_zone) as integer) * 12 - 1970 * 12
    + cast(extract(month from $3::timestamptz at time zone tenant.time_zone) as integer) - 1 as local_month,
  cast(extract(doy from $3::timestamptz at time zone tenant.time_zone) as integer) as year_day
from (
  select distinct customer.root_id as customer_id
  from unnest($2::bigint[]) as asked (customer_id)
  join customer on customer.id = asked.customer_id and customer.tenant_id = $1
) as person
join tenant on tenant.id = $1
