-- What challenger $2 said in shadow of customers whom champion $3 was asked about at the same instants, from $4 to $5.
select
  shadow.customer_id, shadow.as_of, shadow.horizon_days, shadow.churn_probability,
  shadow.p10_days, shadow.p50_days, shadow.p90_days, shadow.expected_minor, shadow.low_minor, shadow.high_minor
from prediction_shadow as shadow
join tenant
  on tenant.id = shadow.tenant_id
where $1 in (tenant.key, '')
  and shadow.model_set = $2
  and shadow.champion_model_set = $3
  and shadow.as_of between cast($4 as timestamptz) and cast($5 as timestamptz)
  and shadow.churn_probability is not null
order by shadow.id desc
limit 200000
