-- Requests, as the least urgent, all customers of every tenant whose latest prediction expires before $1 or is absent.
-- Those already requested stay as they are. Returns the tenants that have something to do.
with stale as (
  select customer.id as customer_id, customer.tenant_id
  from customer
  left join latest_prediction
    on latest_prediction.customer_id = customer.id
  where customer.root_id = customer.id
    and (latest_prediction.expires_at is null or latest_prediction.expires_at < $1::timestamptz)
),
requested as (
  insert into rescoring_request (customer_id, tenant_id, priority, requested_at, due_at)
  select customer_id, tenant_id, 2, $2::timestamptz, $2::timestamptz
  from stale
  order by customer_id
  on conflict (customer_id) do nothing
  returning tenant_id
)
select tenant_id, count(*) as customers
from requested
group by tenant_id
