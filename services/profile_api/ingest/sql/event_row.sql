-- Every call of the file with the values we keep of it, and `problem` naming the first thing wrong with it (null: nothing).
-- Without a channel of its own (properties.channel), a call's library tells it: a browser is the web, a mobile the app.
create or replace table event_row as
with timed_row as (
  select
    event_file_row.*,
    try_cast(coalesce(nullif(trim(occurred_text), ''), nullif(trim(original_text), '')) as timestamptz) as occurred_at,
    try_cast(nullif(trim(received_text), '') as timestamptz) as received_at,
    coalesce(nullif(lower(trim(call)), ''), 'track') as kind,
    account.value as user_value,
    coalesce(cookie.value) as anonymous_value,
    lower(nullif(trim(coalesce(channel_text, context_channel)), '')) as channel_word
  from event_file_row
  left join identity_spelling as account on account.type = 'USER_ID' and account.raw = user_id
  left join identity_spelling as cookie on cookie.type = 'ANONYMOUS_ID' and cookie.raw = anonymous_id
)
select
  row_number,
  coalesce(nullif(trim(message_id), ''), 'file:' || md5(content)) as message_id,
  kind,
  case when user_value is not null then 'USER_ID' else 'ANONYMOUS_ID' end as identity_type,
  coalesce(user_value, anonymous_value) as identity_value,
  user_value,
  anonymous_value,
  case kind
    when 'track' then nullif(trim(name), '')
    when 'page' then 'Page Viewed'
    when 'screen' then 'Screen Viewed'
    when 'identify' then 'Identified'
  end as name,
  case when channel_word is null then 'OTHER'
       when channel_word = 'browser' then 'WEB'
       when channel_word = 'mobile' then 'APP'
       else coalesce($channel_words[channel_word], 'OTHER') end as channel,
  occurred_at,
  greatest(coalesce(received_at, occurred_at), occurred_at) as received_at,
  nullif(trim(store_id), '') as store_id,
  coalesce(nullif(trim(campaign), ''), nullif(trim(campaign_source), '')) as campaign,
  nullif(trim(device), '') as device,
  nullif(trim(order_id), '') as order_key,
  case when kind in ('page', 'screen') and page is not null
       then json_merge_patch(coalesce(properties, '{}'), json_object('name', page)) else properties end as properties,
  traits,
  consent,
  case
    when is_broken then 'not a JSON object'
    when kind not in ('track', 'page', 'screen', 'identify') then 'a call of type ' || kind[:20] || ' is not imported'
    when coalesce(user_value, anonymous_value) is null then 'no usable userId or anonymousId'
    when kind = 'track' and nullif(trim(name), '') is null then 'track without event'
    when length(message_id) > 100 then 'messageId is longer than 100 characters'
    when coalesce(occurred_text, original_text) is null then 'timestamp is missing'
    when occurred_at is null or not isfinite(occurred_at) then 'timestamp is not an instant'
    when occurred_at < timestamptz '1900-01-01 00:00:00+00' then 'timestamp is before 1900'
    when occurred_at > cast($now as timestamptz) then 'timestamp is in the future'
    when nullif(trim(received_text), '') is not null and received_at is null then 'receivedAt is not an instant'
    when received_at > cast($now as timestamptz) then 'receivedAt is in the future'
    when name = 'Order Completed' and nullif(trim(order_id), '') is null then 'Order Completed without order_id'
    when name = 'Order Completed'
      and coalesce(json_extract_string(properties, '$.currency'), $currency) <> $currency
      then 'the order is not in ' || $currency || ', the currency amounts are kept in'
    when name = 'Order Completed' and coalesce(
      not isfinite(try_cast(json_extract_string(properties, '$.total') as double))
      or try_cast(json_extract_string(properties, '$.total') as double) < 0
      or abs(try_cast(json_extract_string(properties, '$.total') as double)) > 1e12, false
    ) then 'the order total is not an amount'
  end as problem
from timed_row
