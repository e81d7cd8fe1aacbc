-- The person's latest exchange with the service, if any.
select contact.*
from {members} member
cross join lateral (
  select contact.*
  from {table:event} contact
  where contact.customer_id = member.id
    and contact.type in ('FEEDBACK', 'SERVICE', 'OTHER') and contact.type = 'SERVICE'
    and contact.occurred_at <= {as_of}{known:contact.received_at}
  order by contact.occurred_at desc, contact.id desc
  limit 1
) contact
order by contact.occurred_at desc, contact.id desc
limit 1
