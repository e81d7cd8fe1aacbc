-- The traits of each person who was identified: later calls overwrite earlier ones. E-mail address and phone are identities.
create or replace table person_fact as
with stated as (
  select identity_type, identity_value, trait.key, trait.value,
    row_number() over (partition by identity_type, identity_value, trait.key order by occurred_at desc, row_number desc)
      as standing,
    max(occurred_at) over who as observed_at, max(received_at) over who as received_at
  from event_row_taken, json_each(event_row_taken.traits) as trait
  where kind = 'identify' and json_type(traits) = 'OBJECT' and trait.key not in ('email', 'phone')
  window who as (partition by identity_type, identity_value)
)
select identity_type, identity_value, $source as source, identity_type || ':' || identity_value as source_key,
  cast(json_group_object(
    case key when 'firstName' then 'given_name' when 'first_name' then 'given_name' when 'lastName' then 'family_name'
      when 'last_name' then 'family_name' when 'postalCode' then 'postcode' else key end, value
  ) as varchar) as traits,
  any_value(observed_at) as observed_at, any_value(received_at) as received_at
from stated
where standing = 1
group by identity_type, identity_value
