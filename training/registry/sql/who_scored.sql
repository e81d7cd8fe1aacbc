-- Every prediction of customer $2 (or of whom they were merged into) in force on the local day $3, the newest first: until
-- when, the model set that made it, what that set is, and the decision that had put it in charge. A prediction holds until
-- it expires or one of a later moment, or of the same, takes its place.
with asked as (
  select tenant.id as tenant_id, tenant.time_zone, customer.id as customer_id, coalesce(customer.root_id, customer.id) as root_id,
    cast($3 as timestamp) at time zone tenant.time_zone as day_begins, -- of a date it would be the session's midnight
    (cast($3 as timestamp) + interval '1 day') at time zone tenant.time_zone as day_ends
  from tenant
  join customer on customer.tenant_id = tenant.id and customer.id = cast($2 as bigint)
  where $1 in (tenant.key, '')
  order by tenant.id
  limit 1
),
given as (
  select prediction.*, asked.time_zone, asked.day_begins, least(prediction.expires_at, next.created_at) as ends_at
  from asked
  join prediction
    on prediction.tenant_id = asked.tenant_id
    and prediction.customer_id in (asked.root_id, asked.customer_id)
    and prediction.created_at < asked.day_ends
    and prediction.expires_at > asked.day_begins
  left join lateral (
    select min(later.created_at) as created_at
    from prediction as later
    where later.tenant_id = asked.tenant_id
      and later.customer_id in (asked.root_id, asked.customer_id)
      and later.created_at > prediction.created_at
      and later.as_of >= prediction.as_of
  ) as next on true
)
select
  given.time_zone, given.as_of, given.created_at, given.ends_at as expires_at, given.model_set, given.churn_probability,
  given.feature_set, model_set.as_of as trained_as_of, model_set.data_hash, model_set.code_version,
  model_set.run_id, cast(model_set.versions as text) as versions,
  decision.promoted_at, decision.action, decision.decided_by, decision.is_forced
from given
left join model_set
  on model_set.tenant_id = given.tenant_id
  and model_set.model_set = given.model_set
left join lateral (
  select *
  from model_promotion
  where model_promotion.tenant_id = given.tenant_id
    and model_promotion.model_set = given.model_set
    and model_promotion.action <> 'REFUSAL'
    and model_promotion.promoted_at <= given.created_at
  order by model_promotion.promoted_at desc, model_promotion.id desc
  limit 1
) as decision on true
where given.ends_at > given.day_begins
order by given.created_at desc, given.id desc
limit 50
