-- The records the sources held of the person at an earlier instant, the latest first.
select *
from (
  {sql:records_held_then}
) held
order by held.observed_at desc, held.source, held.source_key
limit 500
