-- The usable identities of each row, foremost first (rank 0 is the one the row goes by).
create or replace table claim_fact as
select
  identity.row_number as row_key,
  row_number() over (partition by identity.row_number order by identity.rank, spelling.value) - 1 as rank,
  identity.type,
  spelling.value
from person_identity as identity
join identity_spelling as spelling using (type, raw)
where spelling.value is not null
