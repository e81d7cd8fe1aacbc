-- What each household allowed when it joined, and withdrew by unsubscribing.
create or replace table sim_consent as
select household_id, 'MARKETING' as purpose, 'EMAIL' as channel, case when consents_to_email then 'GRANTED' else 'DENIED' end as status,
  'loyalty card form' as proof, first_at as effective_at
from sim_household where has_email
union all
select household_id, 'MARKETING', 'SMS', case when consents_to_sms then 'GRANTED' else 'DENIED' end, 'loyalty card form', first_at
from sim_household where has_phone
union all
select household_id, 'PROFILING', null, 'GRANTED', 'loyalty card terms', first_at
from sim_household
union all
select household_id, 'MARKETING', 'EMAIL', 'WITHDRAWN', 'unsubscribe link', occurred_at
from sim_email where name = 'Unsubscribed';
