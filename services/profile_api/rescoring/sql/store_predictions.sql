-- Appends what the models answered ($3...) for customers of tenant $1 that still are roots, and makes each answer the
-- customer's latest one unless a later as_of is there already. Returns the ids of the customers stored.
with answered as (
  select *
  from unnest(
    $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[],
    $8::double precision[], $9::double precision[], $10::double precision[], $11::text[]
  ) as answered (
    customer_id, as_of, expires_at, feature_set, model_set,
    churn_probability, days_to_next_order, predicted_value, answer
  )
),
kept as (
  insert into prediction (
    tenant_id, customer_id, as_of, expires_at, created_at, feature_set, model_set,
    churn_probability, expected_on, predicted_value_minor, answer
  )
  select
    customer.tenant_id, customer.id, answered.as_of, answered.expires_at, $2::timestamptz, answered.feature_set,
    answered.model_set, answered.churn_probability,
    cast(
      (answered.as_of + answered.days_to_next_order * interval '1 day') at time zone tenant.time_zone as date
    ),
    cast(round(answered.predicted_value) as bigint),
    answered.answer::jsonb
  from answered
  join customer
    on customer.id = answered.customer_id
    and customer.root_id = customer.id
    and customer.tenant_id = $1::integer
  join tenant
    on tenant.id = customer.tenant_id
  returning *
),
latest as (
  insert into latest_prediction as known (
    customer_id, prediction_id, tenant_id, as_of, expires_at, feature_set, model_set,
    churn_probability, expected_on, predicted_value_minor, answer
  )
  select
    customer_id, id, tenant_id, as_of, expires_at, feature_set, model_set,
    churn_probability, expected_on, predicted_value_minor, answer
  from kept
  order by customer_id
  on conflict (customer_id) do update set
    prediction_id = excluded.prediction_id,
    as_of = excluded.as_of,
    expires_at = excluded.expires_at,
    feature_set = excluded.feature_set,
    model_set = excluded.model_set,
    churn_probability = excluded.churn_probability,
    expected_on = excluded.expected_on,
    predicted_value_minor = excluded.predicted_value_minor,
    answer = excluded.answer
  where known.as_of <= excluded.as_of
)
select customer_id from kept
