-- Who read which personal data of whom: never the values. Rows are only ever added; what is younger than 30 days cannot
-- be deleted by anybody, older rows only as the retention says.
create table personal_data_read (
  id bigint generated always as identity primary key,
  tenant_id integer not null,
  at timestamptz not null,
  caller text not null,                -- `key:` and an API key's public id, or the subject of a token
  roles text[] not null,
  operation text,                      -- the operation's name in its document
  trace_id text not null,              -- W3C; '' where no request came over HTTP
  customers bigint[] not null,         -- the persons, or the records of a person, concerned
  read text[] not null,                -- groups of fields that were read
  withheld text[] not null             -- groups that were asked for and refused
);
create index personal_data_read_time on personal_data_read (tenant_id, at desc, id desc);
create index personal_data_read_age on personal_data_read using brin (at);
create index personal_data_read_customers on personal_data_read using gin (customers);

create function keep_personal_data_reads() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.at < now() - interval '30 days' then
    return old;
  end if;
  raise exception 'personal_data_read is append-only: % is refused', tg_op;
end
$$;
create trigger personal_data_read_append_only
before update or delete on personal_data_read
for each row execute function keep_personal_data_reads();
create trigger personal_data_read_not_emptied
before truncate on personal_data_read
for each statement execute function keep_personal_data_reads();

-- Deletes what is older than so many days, at most 10,000 rows a call; returns how many. Runs as its owner, for the
-- service role may only add.
create function forget_personal_data_reads(kept_days integer) returns integer
language sql security definer set search_path = public, pg_temp
begin atomic
  with forgotten as (
    delete from personal_data_read
    where id in (
      select id from personal_data_read
      where at < now() - make_interval(days => greatest(kept_days, 30))
      limit 10000
    )
    returning 1
  )
  select count(*)::integer from forgotten;
end;
revoke execute on function forget_personal_data_reads from public;
grant execute on function forget_personal_data_reads to parcours_service;

alter table personal_data_read enable row level security;
grant insert on personal_data_read to parcours_service;
create policy one_tenant on personal_data_read for insert to parcours_service
with check (tenant_id = current_setting('parcours.tenant')::integer);
