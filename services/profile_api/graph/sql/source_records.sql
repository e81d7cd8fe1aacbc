-- The records the sources hold of the person, the latest first.
select record.*
from {members} member
join {table:source_record} record on record.customer_id = member.id
where record.observed_at <= {now}
order by record.observed_at desc, record.id desc
limit 500
