-- One row per order as it was placed, with what its adjustments have made of it since.
-- invalid_at: from then on it is not a valid order, because everything was given back (or it never was worth anything:
-- then invalid_at = ordered_at). "Everything" is counted in money, without amounts in quantity, without quantities in lines.
with placed_order as (
  select
    order_id as order_key,
    any_value(customer_id) as customer_key,
    min(ordered_at) as ordered_at,
    max(received_at) as received_at,
    arg_min(channel, row_number) as channel,
    arg_min(store_id, row_number) as store_id,
    cast(sum(amount_minor) as bigint) as total_minor,
    cast(sum(discount_minor) as bigint) as discount_minor,
    sum(quantity) as quantity,
    cast(count(*) as integer) as line_count,
    arg_min(delivery_type, row_number) as delivery_type,
    arg_min(payment_method, row_number) as payment_method,
    arg_min(campaign, row_number) as campaign,
    min(delivered_at) as delivered_at,
    case when min(properties) = max(properties) then min(properties) end as properties
  from order_row_taken
  where not is_return
  group by order_id
),
category_weight as (
  select order_key, category, sum(coalesce(amount_minor, 0)) as amount_minor, count(*) as line_count
  from order_line_fact
  where category is not null
  group by order_key, category
),
main_category as (
  select order_key, arg_min(category, (-amount_minor, -line_count, category)) as main_category
  from category_weight
  group by order_key
),
refund as (
  select
    adjustment.order_key,
    adjustment.occurred_at,
    sum(adjustment.amount_minor) over known as amount_minor,
    sum(adjustment.quantity) over known as quantity,
    count(*) over known as line_count,
    max(adjustment.received_at) over known as received_at
  from order_adjustment_fact as adjustment
  where adjustment.order_key is not null
  window known as (
    partition by adjustment.order_key order by adjustment.occurred_at, adjustment.adjustment_key
    rows between unbounded preceding and current row
  )
),
emptied as (
  select
    refund.order_key,
    min(refund.occurred_at) as invalid_at,
    arg_min(refund.received_at, (refund.occurred_at, refund.line_count)) as invalid_received_at
  from refund
  join placed_order using (order_key)
  where case
    when placed_order.total_minor is not null then coalesce(refund.amount_minor, 0) >= placed_order.total_minor
    when placed_order.quantity is not null then coalesce(refund.quantity, 0) >= placed_order.quantity
    else refund.line_count >= placed_order.line_count
  end
  group by refund.order_key
),
refunded as (
  select order_key, cast(sum(amount_minor) as bigint) as refunded_minor
  from order_adjustment_fact
  where order_key is not null
  group by order_key
)
select
  placed_order.order_key,
  placed_order.customer_key,
  placed_order.ordered_at,
  placed_order.received_at,
  cast(datediff('day', date '1970-01-01', cast(placed_order.ordered_at as date)) as integer) as local_day,
  cast(datediff('month', date '1970-01-01', cast(placed_order.ordered_at as date)) as integer) as local_month,
  cast(date_part('hour', placed_order.ordered_at) as smallint) as local_hour,
  placed_order.channel,
  placed_order.store_id,
  cast($currency as varchar) as currency,
  placed_order.total_minor,
  placed_order.discount_minor,
  coalesce(refunded.refunded_minor, 0) as refunded_minor,
  placed_order.line_count,
  case when placed_order.total_minor <= 0 then placed_order.ordered_at else emptied.invalid_at end as invalid_at,
  case when placed_order.total_minor <= 0 then placed_order.received_at else emptied.invalid_received_at end
    as invalid_received_at,
  main_category.main_category,
  placed_order.delivery_type,
  placed_order.payment_method,
  placed_order.campaign,
  placed_order.delivered_at,
  placed_order.properties
from placed_order
left join main_category using (order_key)
left join emptied using (order_key)
left join refunded using (order_key)
