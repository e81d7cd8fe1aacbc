-- Every prediction of customer $2 (or of whom they were merged into) in force on the local day $3, the newest first: the
-- model set that made it, what that set is, and the decision that had put it in charge.
with asked as (
  select tenant.id as tenant_id, coalesce(customer.root_id, customer.id) as customer_id, tenant.time_zone,
    cast($3 as timestamp) at time zone tenant.time_zone as day_begins, -- of a date it would be the session's midnight
    (cast($3 as timestamp) + interval '1 day') at time zone tenant.time_zone as day_ends
  from tenant
  join customer on customer.tenant_id = tenant.id and customer.id = cast($2 as bigint)
  where $1 in (tenant.key, '')
  order by tenant.id
  limit 1
)
select
  prediction.as_of, prediction.created_at, prediction.expires_at, prediction.model_set, prediction.churn_probability,
  prediction.feature_set, model_set.as_of as trained_as_of, model_set.data_hash, model_set.code_version,
  model_set.run_id, cast(model_set.versions as text) as versions,
  decision.promoted_at, decision.action, decision.decided_by, decision.is_forced
from asked
join prediction
  on prediction.tenant_id = asked.tenant_id
  and prediction.customer_id in (asked.customer_id, cast($2 as bigint))
  and prediction.created_at < asked.day_ends
  and prediction.expires_at > asked.day_begins
left join model_set
  on model_set.tenant_id = prediction.tenant_id
  and model_set.model_set = prediction.model_set
left join lateral (
  select *
  from model_promotion
  where model_promotion.tenant_id = prediction.tenant_id
    and model_promotion.model_set = prediction.model_set
    and model_promotion.action <> 'REFUSAL'
    and model_promotion.promoted_at <= prediction.created_at
  order by model_promotion.promoted_at desc, model_promotion.id desc
  limit 1
) as decision on true
order by prediction.created_at desc, prediction.id desc
limit 50
