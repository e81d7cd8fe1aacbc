-- What we knew of a person at an earlier instant can be told: statements of sources are kept when newer ones replace
-- them, and reads may see who belonged to whom.
create table past_source_record (
  tenant_id integer not null,
  customer_id bigint not null,
  source text not null,
  source_key text not null,
  traits jsonb not null,
  observed_at timestamptz not null,
  received_at timestamptz not null
);
create index past_source_record_customer on past_source_record (customer_id);

-- The history writes itself, whoever replaces the record: an import, or a person at the console.
create function record_past_source_record() returns trigger language plpgsql as $$
begin
  insert into past_source_record (tenant_id, customer_id, source, source_key, traits, observed_at, received_at)
  values (old.tenant_id, old.customer_id, old.source, old.source_key, old.traits, old.observed_at, old.received_at);
  return null;
end
$$;

create trigger source_record_replaced after update of traits on source_record
for each row when (old.traits is distinct from new.traits) execute function record_past_source_record();

-- Which sources were trusted most when golden records were last computed, most trusted first.
alter table tenant add column source_trust text[] not null default '{}';

grant select on past_source_record, past_membership, feature_member to parcours_service;
alter table past_source_record enable row level security;
alter table past_membership enable row level security;
create policy one_tenant on past_source_record for select to parcours_service
using (tenant_id = current_setting('parcours.tenant')::integer);
create policy one_tenant on past_membership for select to parcours_service
using (tenant_id = current_setting('parcours.tenant')::integer);
