-- The months in which the members $1 ordered and for which the tenant $3 has no gap reference under policy version $2.
select array_agg(distinct customer_order.local_month)
from customer_order
where customer_order.customer_id = any($1::bigint[])
  and (customer_order.invalid_at is null or customer_order.invalid_at > customer_order.ordered_at)
  and not exists (
    select from gap_reference
    where gap_reference.tenant_id = $3::integer and gap_reference.policy_version = $2::text
      and gap_reference.local_month = customer_order.local_month and gap_reference.category = ''
  )
