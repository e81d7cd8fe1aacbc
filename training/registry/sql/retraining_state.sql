-- What decides whether to train again, and how far ahead: the champion's age, horizon and features, the last decision of the
-- gate, and what monitoring said last of this champion. No row when there is no champion that is recorded.
with asked as (
  select id
  from tenant
  where $1 in (key, '')
  order by id
  limit 1
),
champion as (
  select model_promotion.tenant_id, model_promotion.model_set
  from model_promotion
  join asked on asked.id = model_promotion.tenant_id
  where model_promotion.alias = 'champion' and model_promotion.action <> 'REFUSAL'
  order by model_promotion.promoted_at desc, model_promotion.id desc
  limit 1
)
select
  model_set.as_of as trained_as_of,
  model_set.horizon_days,
  model_set.feature_set,
  (
    select max(decision.promoted_at)
    from model_promotion as decision
    where decision.tenant_id = champion.tenant_id
  ) as attempted_at,
  (
    select observation.status
    from model_observation as observation
    where observation.tenant_id = champion.tenant_id and observation.model_set = champion.model_set
    order by observation.observed_at desc, observation.id desc
    limit 1
  ) as status
from champion
join model_set
  on model_set.tenant_id = champion.tenant_id
  and model_set.model_set = champion.model_set
