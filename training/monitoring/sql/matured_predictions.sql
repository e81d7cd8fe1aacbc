-- The prediction that model set $3 had in force for each customer at the moment $2: one row a customer, so that whoever
-- is scored again with every visit counts no more than others. At most $4 customers, chosen by their number's hash.
with in_force as (
  select distinct on (prediction.customer_id)
    prediction.customer_id, prediction.as_of, prediction.answer
  from prediction
  join tenant
    on tenant.id = prediction.tenant_id
  where $1 in (tenant.key, '')
    and prediction.model_set = $3
    and prediction.as_of <= cast($2 as timestamptz)
    and prediction.expires_at > cast($2 as timestamptz)
  order by prediction.customer_id, prediction.as_of desc, prediction.id desc
)
select customer_id, as_of, cast(answer as text) as answer
from in_force
where jsonb_typeof(answer -> 'churn') = 'object'
  and jsonb_typeof(answer -> 'next_purchase') = 'object'
order by hashint8(customer_id), customer_id
limit cast($4 as integer)
