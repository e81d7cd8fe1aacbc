-- A call that carries both ids says that the cookie is the user's; an identify call, that the e-mail address and phone are.
create or replace table identity_fact as
with stated as (
  select 'USER_ID' as owner_type, user_value as owner_value, 'ANONYMOUS_ID' as type, anonymous_value as value, received_at
  from event_row_taken
  where user_value is not null and anonymous_value is not null
  union all
  select identity_type, identity_value, spelling.type, spelling.value, received_at
  from event_row_taken
  join identity_spelling as spelling
    on (spelling.type = 'EMAIL' and spelling.raw = json_extract_string(traits, '$.email'))
    or (spelling.type = 'PHONE' and spelling.raw = json_extract_string(traits, '$.phone'))
  where kind = 'identify' and spelling.value is not null
)
select owner_type, owner_value, type, value, $source as source, min(received_at) as linked_at
from stated
group by owner_type, owner_value, type, value
