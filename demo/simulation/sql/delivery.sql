-- What happened to the baskets that were ordered online, up to their hand-over.
create or replace table sim_delivery as
with step as (
  select *, 'Delivery Dispatched' as name, 'OTHER' as step_channel, delivered_at - minutes(40 + 90 * chance(basket_id, 'route')) as moment
  from sim_order where delivery_type = 'HOME_DELIVERY'
  union all
  select *, 'Delivery Completed', 'OTHER', delivered_at from sim_order where delivery_type = 'HOME_DELIVERY'
  union all
  select *, 'Order Collected', 'STORE', delivered_at from sim_order where delivery_type = 'CLICK_AND_COLLECT'
)
select
  household_id, name, step_channel as channel, moment as occurred_at, store_id::varchar as store_id,
  'delivery ' || basket_id || ' ' || name as message_key, basket_id::varchar as order_key,
  json_object('order_id', basket_id::varchar, 'late', is_late) as properties
from step
where moment < history_end();
