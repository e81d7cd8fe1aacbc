-- One record per row that can be told apart from others; a record without a time of its own was observed now.
create or replace table person_fact as
with dated_row as (
  select *, case when observed_text is null then cast($now as timestamptz) else try_cast(observed_text as timestamptz) end
    as observed_at
  from person_row
)
select
  foremost.type as identity_type,
  foremost.value as identity_value,
  $source as source,
  foremost.type || ':' || foremost.value as source_key,
  dated_row.traits,
  dated_row.observed_at,
  greatest(dated_row.observed_at, cast($now as timestamptz)) as received_at
from dated_row
join claim_fact as foremost on foremost.row_key = dated_row.row_number and foremost.rank = 0
where dated_row.observed_at <= cast($now as timestamptz)
