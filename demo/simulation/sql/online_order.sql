-- How each basket was ordered, paid and handed over. The data set knows shops only; some baskets of digital households
-- are said to have been ordered online and delivered or collected.
create or replace table sim_order as
with placed as (
  select
    sim_basket.*, sim_household.has_app, sim_household.digital,
    total > 15 and chance(basket_id, 'online') < sim_household.online_share as is_online
  from sim_basket
  join sim_household using (household_id)
),
handed_over as (
  select
    *,
    case when not is_online then 'CARRY_OUT'
         when chance(basket_id, 'handover') < 0.6 then 'HOME_DELIVERY' else 'CLICK_AND_COLLECT' end as delivery_type,
    is_online and chance(basket_id, 'late') < 0.08 as is_late
  from placed
)
select
  household_id, basket_id, store_id, ordered_at, previous_at, total, products, category, is_online, is_late, delivery_type,
  case when not is_online then 'STORE'
       when has_app and chance(basket_id, 'app') < 0.55 then 'APP' else 'WEB' end as channel,
  case when is_online then pick(['CARD', 'CARD', 'CARD', 'PAYPAL'], chance(basket_id, 'payment'))
       else pick(['CARD', 'CARD', 'CARD', 'CASH', 'MOBILE'], chance(household_id, 'habit') * 0.7 + chance(basket_id, 'payment') * 0.3)
  end as payment_method,
  case when delivery_type = 'HOME_DELIVERY'
         then ordered_at + hours(4 + 22 * chance(basket_id, 'delivery') + case when is_late then 24 else 0 end)
       when delivery_type = 'CLICK_AND_COLLECT' then ordered_at + hours(3 + 20 * chance(basket_id, 'delivery'))
  end as delivered_at
from handed_over;
