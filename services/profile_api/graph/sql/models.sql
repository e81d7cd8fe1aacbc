-- One row per kind of prediction and model version behind the latest predictions: hops over the index from one set of
-- models to the next, and reads who answered from a few of its predictions.
with recursive model_set (name) as (
  (
    select stored.model_set from {table:latest_prediction} stored
    where stored.model_set is not null order by stored.model_set limit 1
  )
  union all
  select (
    select stored.model_set from {table:latest_prediction} stored
    where stored.model_set > model_set.name order by stored.model_set limit 1
  )
  from model_set
  where model_set.name is not null
)
select *
from (
  select distinct on (said.kind, answer.value -> 'model' ->> 'version', answer.value -> 'model' ->> 'basis')
    said.kind, answer.value -> 'model' as model, sample.model_set, sample.feature_set, sample.as_of
  from model_set
  cross join lateral (
    select stored.* from {table:latest_prediction} stored
    where stored.model_set = model_set.name limit 100
  ) sample
  cross join lateral jsonb_each(sample.answer) as answer (name, value)
  cross join lateral (select upper(answer.name) as kind) said
  where jsonb_typeof(answer.value) = 'object' and answer.value -> 'model' is not null
  order by said.kind, answer.value -> 'model' ->> 'version', answer.value -> 'model' ->> 'basis', sample.as_of desc
) model
order by model.as_of desc, model.kind, model.model ->> 'basis' desc
