-- One row per household: how digital it is and how it is disposed. All drawn from the household's number and the seed.
create or replace table sim_household as
with shopper as (
  select household_id, min(ordered_at) as first_at, max(ordered_at) as last_at
  from sim_basket
  group by household_id
),
drawn as (
  select
    *,
    case when chance(household_id, 'digital') < 0.38 then 'NONE'
         when chance(household_id, 'digital') < 0.75 then 'LIGHT' else 'HEAVY' end as digital,
    chance(household_id, 'contentment') as contentment,
    chance(household_id, 'mail interest') as mail_interest
  from shopper
)
select
  *,
  digital = 'HEAVY' or chance(household_id, 'has email') < 0.72 as has_email,
  chance(household_id, 'has phone') < 0.68 as has_phone,
  digital = 'HEAVY' and chance(household_id, 'has app') < 0.6 as has_app,
  case digital when 'HEAVY' then 0.05 + 0.4 * pow(chance(household_id, 'online share'), 2)
               when 'LIGHT' then 0.04 * chance(household_id, 'online share') else 0 end as online_share,
  chance(household_id, 'mail consent') < 0.82 as consents_to_email,
  chance(household_id, 'sms consent') < 0.35 as consents_to_sms,
  case when digital <> 'NONE' then 'device-' || left(md5(household_id::varchar || ' device ' || seed()), 12) end as device,
  case when digital <> 'NONE' then 'anon-' || left(md5(household_id::varchar || ' cookie ' || seed()), 16) end as cookie
from drawn;
