-- True for whom another record points to, or once did: a person who is split again keeps the mark, which costs reads a
-- look that finds nobody, and is never wrong.
alter table customer add column absorbs boolean not null default false;

update customer set absorbs = true
where id in (select absorbed.root_id from customer absorbed where absorbed.root_id <> absorbed.id);

-- The mark sets itself, whoever moves the pointer, in the same transaction.
create function note_absorption() returns trigger language plpgsql as $$
begin
  update customer set absorbs = true where id = new.root_id and not absorbs;
  return null;
end
$$;

create trigger customer_absorbed after insert or update of root_id on customer
for each row when (new.root_id <> new.id) execute function note_absorption();
