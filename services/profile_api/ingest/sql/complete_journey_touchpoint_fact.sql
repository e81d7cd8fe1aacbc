-- The campaigns a household was sent (on their first day, nine in the morning) and the coupons it redeemed (known by day:
-- at noon).
create or replace table touchpoint_fact as
with touch as (
  select
    'campaign:' || campaign_id || ':' || household_id as message_id,
    household_id,
    'Campaign Received' as name,
    moved(timezone('UTC', timezone('America/New_York', start_date + interval 9 hours))) as occurred_at,
    campaign_id,
    cast(json_object('campaign_type', campaign_type, 'ends_on', strftime(moved(timezone('UTC', timezone('America/New_York', end_date))), '%Y-%m-%d')) as varchar) as properties
  from campaigns
  join campaign_descriptions using (campaign_id)
  union all
  select
    'coupon:' || household_id || ':' || campaign_id || ':' || coupon_upc || ':' || strftime(redemption_date, '%Y%m%d'),
    household_id,
    'Coupon Redeemed',
    moved(timezone('UTC', timezone('America/New_York', redemption_date + interval 12 hours))),
    campaign_id,
    cast(json_object('coupon', cast(coupon_upc as varchar)) as varchar)
  from coupon_redemptions
)
select
  message_id,
  'USER_ID' as identity_type,
  cast(household_id as varchar) as identity_value,
  name,
  case when name = 'Coupon Redeemed' then 'STORE' else 'OTHER' end as channel,
  occurred_at,
  occurred_at as received_at,
  cast(null as varchar) as store_id,
  cast(campaign_id as varchar) as campaign,
  cast(null as varchar) as device,
  cast(null as varchar) as order_key,
  'complete-journey' as source,
  properties
from touch
