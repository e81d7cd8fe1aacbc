-- Dated returns, refunds and cancellations, amounts positive (given back); order_key is null where no order matches.
select
  order_id || '#' || nth as adjustment_key,
  customer_id as customer_key,
  matched_order_id as order_key,
  case when is_product and (product_id is not null or quantity is not null) then 'RETURN' else 'REFUND' end as kind,
  ordered_at as occurred_at,
  received_at,
  cast(datediff('day', date '1970-01-01', cast(ordered_at as date)) as integer) as local_day,
  amount_minor,
  quantity,
  case when is_product then product_id end as product_id,
  properties
from order_row_return
