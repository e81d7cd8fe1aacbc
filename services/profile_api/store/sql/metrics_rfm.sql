-- Sets the RFM quintiles of every customer of the tenant $1 with a valid order, as of $2: 5 is the fifth that bought last,
-- most often, for most. Equal figures get equal quintiles.
with buyer as (
  select
    customer_id,
    1 + 5 * (rank() over (order by last_order_at) - 1) / count(*) over () as recency,
    1 + 5 * (rank() over (order by order_count) - 1) / count(*) over () as frequency,
    case when net_revenue_minor is not null then
      1 + 5 * (rank() over (order by net_revenue_minor nulls last) - 1) / count(net_revenue_minor) over ()
    end as monetary
  from customer_metrics
  where tenant_id = $1::integer and order_count > 0
)
update customer_metrics
set rfm = jsonb_build_object(
  'recency', buyer.recency, 'frequency', buyer.frequency, 'monetary', buyer.monetary, 'asOf', $2::timestamptz
)
from buyer
where customer_metrics.customer_id = buyer.customer_id
  and (customer_metrics.rfm is null or customer_metrics.rfm - 'asOf' is distinct from jsonb_build_object(
    'recency', buyer.recency, 'frequency', buyer.frequency, 'monetary', buyer.monetary
  ))
