-- What is known of every trained model set, beside the registry's artifacts: promised measures, origin, the model card.
-- Written once, when the set is registered; the profile API reads it without asking the registry.
create table model_set (
  tenant_id integer not null references tenant,
  model_set text not null,
  registered_at timestamptz not null,
  as_of timestamptz not null,
  horizon_days integer not null,
  feature_set text not null,
  data_hash text not null,             -- of the snapshot it was trained on
  code_version text not null,          -- with the commit, and .dirty when the sources were changed
  seed bigint not null,
  run_id text not null,                -- of MLflow
  versions jsonb not null,             -- {"churn": "3", "next_purchase": "3", "value": "3"}
  basis jsonb not null,                -- {"CHURN": "MODEL", ...}
  measures jsonb not null,             -- {"churn_auc": {"value", "low", "high", "baseline"}}: rehearsed out of time
  card text not null,                  -- Markdown
  primary key (tenant_id, model_set)
);

-- What monitoring found of a model set on a day: rows are only ever added.
create table model_observation (
  id bigint generated always as identity primary key,
  tenant_id integer not null references tenant,
  model_set text not null,
  observed_at timestamptz not null,
  status text not null check (status in ('HEALTHY', 'NOT_YET', 'DRIFTED', 'DECAYED')),
  judged_customers integer not null,   -- customers whose predictions had matured
  measures jsonb not null,             -- as in model_set, of the predictions given, judged by what came
  findings jsonb not null              -- [{"subject", "is_alert", "sentence"}]
);
create index model_observation_time on model_observation (tenant_id, model_set, observed_at desc, id desc);

grant select on model_set, model_observation, model_promotion to parcours_service;
alter table model_set enable row level security;
alter table model_observation enable row level security;
alter table model_promotion enable row level security;
create policy one_tenant on model_set for select to parcours_service
using (tenant_id = current_setting('parcours.tenant')::integer);
create policy one_tenant on model_observation for select to parcours_service
using (tenant_id = current_setting('parcours.tenant')::integer);
create policy one_tenant on model_promotion for select to parcours_service
using (tenant_id = current_setting('parcours.tenant')::integer);
