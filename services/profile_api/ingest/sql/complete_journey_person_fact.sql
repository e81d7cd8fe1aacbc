-- What the shop knows of the households that told it: bands of age and income, the household's make-up.
create or replace table person_fact as
select
  'USER_ID' as identity_type,
  cast(household_id as varchar) as identity_value,
  'complete-journey' as source,
  cast(household_id as varchar) as source_key,
  cast(json_object(
    'age_band', age, 'income_band', income, 'home_ownership', home_ownership, 'marital_status', marital_status,
    'household_size', household_size, 'household_composition', household_comp, 'children', kids_count, 'country', 'US'
  ) as varchar) as traits,
  first_order.ordered_at as observed_at,
  first_order.ordered_at as received_at
from demographics
join (
  select customer_key, min(ordered_at) as ordered_at from order_fact group by customer_key
) as first_order on first_order.customer_key = cast(household_id as varchar)
