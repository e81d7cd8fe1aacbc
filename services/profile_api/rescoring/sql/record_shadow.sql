-- Appends what challenger $5 said at $2 of customers ($6) of tenant $1 that still exist.
insert into prediction_shadow (
  tenant_id, customer_id, as_of, created_at, feature_set, model_set, champion_model_set, horizon_days,
  churn_probability, p10_days, p50_days, p90_days, expected_minor, low_minor, high_minor
)
select
  customer.tenant_id, customer.id, $2::timestamptz, $3::timestamptz, $4::text, $5::text, said.champion_model_set,
  said.horizon_days, said.churn_probability, said.p10_days, said.p50_days, said.p90_days,
  said.expected_minor, said.low_minor, said.high_minor
from unnest(
  $6::bigint[], $7::text[], $8::integer[], $9::double precision[], $10::double precision[], $11::double precision[],
  $12::double precision[], $13::double precision[], $14::double precision[], $15::double precision[]
) as said (
  customer_id, champion_model_set, horizon_days, churn_probability, p10_days, p50_days, p90_days,
  expected_minor, low_minor, high_minor
)
join customer
  on customer.id = said.customer_id
  and customer.tenant_id = $1::integer
