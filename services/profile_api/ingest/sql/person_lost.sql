-- What lost rows claimed does not count.
delete from claim_fact where row_key in (select row_number from person_reject where is_lost)
