-- The records the sources held of the person at an earlier instant, each as its source had last stated it.
select distinct on (record.source, record.source_key) record.*
from {table:customer} member
cross join lateral (
  select stands.source, stands.source_key, stands.traits, stands.observed_at, stands.received_at
  from {table:source_record} stands
  where stands.customer_id = member.id
  union all
  select stood.source, stood.source_key, stood.traits, stood.observed_at, stood.received_at
  from {table:past_source_record} stood
  where stood.customer_id = member.id
) record
where member.root_id = {row}.id and {by_then:record.observed_at}{known:record.received_at}
order by record.source, record.source_key, record.observed_at desc, record.received_at desc
