-- The staged orders that the source now describes otherwise.
update customer_order as known
set ordered_at = staged.ordered_at, local_day = staged.local_day, local_month = staged.local_month,
  local_hour = staged.local_hour, channel = staged.channel, store_id = staged.store_id,
  total_minor = staged.total_minor, discount_minor = staged.discount_minor, line_count = staged.line_count,
  main_category = staged.main_category, delivery_type = staged.delivery_type, payment_method = staged.payment_method,
  campaign = staged.campaign, delivered_at = staged.delivered_at,
  properties = known.properties || coalesce(cast(staged.properties as jsonb), '{}')
from order_plan as plan
join stage_order as staged using (order_key)
where plan.step = 'CHANGED' and known.id = plan.order_id
