-- Who belonged to whom, and when that was known: a merge must not change what the models learn from the time before it.
-- The history writes itself, whoever moves the pointer: merging, unmerging, or a person at the console.
alter table customer add column root_since timestamptz not null default timestamptz '1900-01-01 00:00:00+00';

create table past_membership (
  tenant_id integer not null,
  member_id bigint not null,
  customer_id bigint not null,        -- whose member it was
  known_at timestamptz not null,
  until_at timestamptz not null       -- an instant of this value still sees the old membership
);
create index past_membership_customer on past_membership (customer_id);
create index past_membership_member on past_membership (member_id);

create function record_past_membership() returns trigger language plpgsql as $$
begin
  -- Moved twice in one transaction: nobody ever saw the first move.
  if old.root_since < now() then
    insert into past_membership (tenant_id, member_id, customer_id, known_at, until_at)
    values (old.tenant_id, old.id, old.root_id, old.root_since, now());
    new.root_since := now();
  end if;
  return new;
end
$$;

create trigger customer_root_moved before update of root_id on customer
for each row when (old.root_id <> new.root_id) execute function record_past_membership();

create or replace view feature_member with (security_invoker = true) as
select
  tenant_id,
  root_id as customer_id,
  id as member_id,
  root_since as known_at,
  timestamptz '9999-12-31 00:00:00+00' as until_at
from customer
union all
select tenant_id, customer_id, member_id, known_at, until_at
from past_membership;
