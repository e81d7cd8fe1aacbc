-- The further identities of each row, owned by whoever its foremost identity belongs to.
create or replace table identity_fact as
select
  foremost.type as owner_type, foremost.value as owner_value, further.type, further.value, $source as source,
  min(cast($now as timestamptz)) as linked_at
from claim_fact as foremost
join claim_fact as further on further.row_key = foremost.row_key and further.rank > 0
where foremost.rank = 0
group by all
