-- Computes the golden record of the roots $1: each trait is taken from the most trusted source that states it ($2, most
-- trusted first; sources not listed come after those, simulated ones last), then from the latest observation.
with stated as (
  select customer.root_id, trait.key as name, trait.value, record.source, record.observed_at,
    row_number() over (
      partition by customer.root_id, trait.key
      order by array_position(cast($2 as text[]), record.source), record.source = 'simulated', record.observed_at desc,
        record.source, record.source_key
    ) as standing
  from customer
  join source_record as record on record.customer_id = customer.id
  cross join lateral jsonb_each(record.traits) as trait
  where customer.root_id = any ($1) and trait.value not in ('null', '""')
),
golden as (
  select root_id,
    jsonb_agg(
      jsonb_build_object('name', name, 'value', value, 'source', source, 'observedAt', observed_at) order by name
    ) as traits,
    max(value #>> '{}') filter (where name = 'given_name') as given_name,
    max(value #>> '{}') filter (where name = 'family_name') as family_name,
    max(value #>> '{}') filter (where name = 'age_band') as age_band,
    max(value #>> '{}') filter (where name = 'city') as city,
    max(value #>> '{}') filter (where name = 'postcode') as postcode,
    max(value #>> '{}') filter (where name = 'country') as country,
    max(value #>> '{}') filter (where name = 'locale') as locale
  from stated
  where standing = 1
  group by root_id
)
update customer
set traits = golden.traits, given_name = golden.given_name, family_name = golden.family_name,
  age_band = golden.age_band, city = golden.city, postcode = golden.postcode, country = golden.country,
  locale = golden.locale, updated_at = now()
from golden
where customer.id = golden.root_id and customer.traits is distinct from golden.traits
