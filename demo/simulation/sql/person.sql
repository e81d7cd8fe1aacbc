-- One row per household: invented names and addresses. E-mail domains are reserved for examples (RFC 2606) and phone
-- numbers end in 555-0100 to 555-0199, which no provider gives out, so nobody can be reached by accident.
create or replace table sim_person as
with numbered as (
  select *, row_number() over (partition by has_phone order by md5(household_id::varchar || seed())) - 1 as phone_number
  from sim_household
),
named as (
  select
    *,
    pick(given_names(), chance(household_id, 'given name')) as given_name,
    pick(family_names(), chance(household_id, 'family name')) as family_name,
    pick(places(), chance(household_id, 'place')) as place
  from numbered
)
select
  household_id, given_name, family_name, place.city as city, place.postcode as postcode, 'US' as country,
  'en-US' as locale, first_at as observed_at,
  case when has_email then lower(given_name || '.' || family_name || household_id) || '@'
    || pick(['example.com', 'example.net', 'example.org'], chance(household_id, 'domain')) end as email,
  case when has_phone then '+1' || area_codes()[(phone_number // 100) + 1]
    || '55501' || lpad((phone_number % 100)::varchar, 2, '0') end as phone,
  '6035' || lpad(household_id::varchar, 8, '0') as loyalty_card,
  cookie as anonymous_id, device as device_id
from named;
