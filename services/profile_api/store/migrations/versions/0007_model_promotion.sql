-- Which models were in charge, when, and why: rows are only ever added. What scored a customer on a day is kept with
-- the prediction (its model set); this says who put that model set in charge and on what grounds.
create table model_promotion (
  id bigint generated always as identity primary key,
  tenant_id integer not null references tenant,
  promoted_at timestamptz not null default now(),
  action text not null check (action in ('PROMOTION', 'ROLLBACK', 'REFUSAL')),
  alias text not null,
  model_set text not null,
  replaced_model_set text,
  versions jsonb not null,             -- {"churn": "3", "next_purchase": "3", "value": "3"}
  is_forced boolean not null,
  decided_by text not null,
  reasons jsonb not null,              -- [{"check", "passed", "reason"}]
  metrics jsonb not null
);
create index model_promotion_time on model_promotion (tenant_id, alias, promoted_at desc, id desc);

create function refuse_to_rewrite() returns trigger language plpgsql as $$
begin
  raise exception 'model_promotion is append-only: % is refused', tg_op;
end
$$;
create trigger model_promotion_append_only
before update or delete or truncate on model_promotion
for each statement execute function refuse_to_rewrite();
