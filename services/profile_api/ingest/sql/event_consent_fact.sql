-- Consent changes: each category of the preference is a purpose, granted or denied, valid for every channel.
create or replace table consent_fact as
select identity_type, identity_value, upper(category.key) as purpose, cast(null as varchar) as channel,
  case when category.value = 'true' then 'GRANTED' else 'DENIED' end as status, 'message ' || message_id as proof,
  $source as source, occurred_at as effective_at, received_at as recorded_at
from event_row_taken, json_each(json_extract(event_row_taken.consent, '$.categoryPreferences')) as category
where name = 'Segment Consent Preference Updated'
  and json_type(json_extract(consent, '$.categoryPreferences')) = 'OBJECT' and category.value in ('true', 'false')
