-- Rows that were lost (is_lost), and identities that were left out of rows that were kept. Values are not repeated here:
-- they name people.
create or replace table person_reject as
select person_row.row_number, 'no usable identity' as reason, true as is_lost
from person_row
where person_row.row_number not in (select row_key from claim_fact)
union all
select row_number, 'observed_at is not a date in the past', true
from person_row
where observed_text is not null
  and not coalesce(try_cast(observed_text as timestamptz) <= cast($now as timestamptz), false)
  and row_number in (select row_key from claim_fact)
union all
select identity.row_number, 'kept without its ' || identity.type || ': ' || spelling.problem, false
from person_identity as identity
join identity_spelling as spelling using (type, raw)
where spelling.problem is not null and identity.row_number in (select row_key from claim_fact)
