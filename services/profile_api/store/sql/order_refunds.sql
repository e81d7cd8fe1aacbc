-- Brings the orders $1 in line with their adjustments: what was given back, and since when nothing is left of them.
-- "Nothing" is counted in money, without amounts in quantity, without quantities in lines; a cancellation ends an order at
-- once, and an order that never was worth anything is invalid from the start.
with placed as (
  select customer_order.id, customer_order.ordered_at, customer_order.received_at, customer_order.total_minor,
    customer_order.line_count,
    (select sum(line.quantity) from order_line as line
     where line.order_id = customer_order.id and customer_order.total_minor is null) as quantity
  from customer_order
  where customer_order.id = any ($1)
),
refund as (
  select order_id, occurred_at, adjustment_key, kind,
    sum(amount_minor) over known as amount_minor,
    sum(quantity) over known as quantity,
    count(*) over known as line_count,
    max(received_at) over known as received_at
  from order_adjustment
  where order_id = any ($1)
  window known as (
    partition by order_id order by occurred_at, adjustment_key rows between unbounded preceding and current row
  )
),
emptied as (
  select distinct on (refund.order_id) refund.order_id, refund.occurred_at, refund.received_at
  from refund
  join placed on placed.id = refund.order_id
  where refund.kind = 'CANCELLATION' or case
    when placed.total_minor is not null then coalesce(refund.amount_minor, 0) >= placed.total_minor
    when placed.quantity is not null then coalesce(refund.quantity, 0) >= placed.quantity
    else refund.line_count >= placed.line_count
  end
  order by refund.order_id, refund.occurred_at, refund.adjustment_key
),
refunded as (
  select order_id, cast(sum(amount_minor) as bigint) as refunded_minor
  from order_adjustment
  where order_id = any ($1)
  group by order_id
),
outcome as (
  select placed.id,
    coalesce(refunded.refunded_minor, 0) as refunded_minor,
    case when placed.total_minor <= 0 then placed.ordered_at else emptied.occurred_at end as invalid_at,
    case when placed.total_minor <= 0 then placed.received_at else emptied.received_at end as invalid_received_at
  from placed
  left join emptied on emptied.order_id = placed.id
  left join refunded on refunded.order_id = placed.id
)
update customer_order
set refunded_minor = outcome.refunded_minor, invalid_at = outcome.invalid_at,
  invalid_received_at = outcome.invalid_received_at
from outcome
where customer_order.id = outcome.id
  and (customer_order.refunded_minor, customer_order.invalid_at, customer_order.invalid_received_at)
    is distinct from (outcome.refunded_minor, outcome.invalid_at, outcome.invalid_received_at)
