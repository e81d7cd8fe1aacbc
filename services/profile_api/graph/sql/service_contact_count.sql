-- How many exchanges the person had with the service in the last 90 days.
select count(*)
from {members} member
join {table:event} contact on contact.customer_id = member.id
where contact.type in ('FEEDBACK', 'SERVICE', 'OTHER') and contact.type = 'SERVICE'
  and contact.occurred_at > {as_of} - interval '90 days' and contact.occurred_at <= {as_of}{known:contact.received_at}
