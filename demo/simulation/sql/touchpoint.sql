-- All simulated touchpoints in one relation; digital ones arrive within seconds, the others within the hour.
create or replace table sim_touchpoint as
with touchpoint as (
  select household_id, name, channel, occurred_at, null::varchar as store_id, null::varchar as campaign, device,
    null::varchar as order_key, message_key, properties from sim_page
  union all
  select household_id, name, channel, occurred_at, null, campaign, null, null, message_key, properties from sim_email
  union all
  select household_id, name, channel, occurred_at, store_id, null, null, order_key, message_key, properties from sim_delivery
  union all
  select household_id, name, channel, occurred_at, store_id, null, null, order_key, message_key, properties from sim_service
  union all
  select household_id, name, channel, occurred_at, null, null, null, order_key, message_key, properties from sim_feedback
)
select
  *, occurred_at + seconds(case when channel in ('WEB', 'APP', 'EMAIL') then 2 + 20 * chance(message_key, 'received')
    else 60 + 3000 * chance(message_key, 'received') end) as received_at
from touchpoint;
