-- At most one row: the prediction made just now, else the stored one.
left join lateral (
  select p.live_as_of as as_of, p.live_expires_at as expires_at, p.live_feature_set as feature_set,
    p.live_model_set as model_set, p.live_answer::jsonb as answer,
    prediction_figures(p.live_answer::jsonb) as figures
  where p.live_answer is not null
  union all
  select stored.as_of, stored.expires_at, stored.feature_set, stored.model_set, stored.answer, stored.figures
  from {table:latest_prediction} stored
  where p.live_answer is null and stored.customer_id = {row}.id
) {self} on true
