-- The staged orders that are not known yet.
insert into customer_order (
  id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel, store_id,
  currency, total_minor, discount_minor, line_count, main_category, delivery_type, payment_method, campaign,
  delivered_at, source, properties
)
select
  plan.order_id, $1, plan.customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel,
  store_id, currency, total_minor, discount_minor, line_count, main_category, delivery_type, payment_method, campaign,
  delivered_at, $2, coalesce(cast(properties as jsonb), '{}')
from stage_order
join order_plan as plan using (order_key)
where plan.step = 'NEW'
