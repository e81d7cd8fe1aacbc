-- The person's tickets that were opened and not closed since, the newest first.
select *
from (
  select distinct on (ticket.properties ->> 'ticket_id')
    ticket.properties ->> 'ticket_id' as ticket_id, ticket.name, ticket.occurred_at as updated_at,
    min(ticket.occurred_at) over (partition by ticket.properties ->> 'ticket_id') as opened_at,
    ticket.channel, ticket.properties ->> 'subject' as subject, ticket.properties ->> 'priority' as priority,
    ticket.properties ->> 'cause' as cause
  from {members} member
  join {table:event} ticket on ticket.customer_id = member.id
  where ticket.type in ('FEEDBACK', 'SERVICE', 'OTHER') and ticket.type = 'SERVICE'
    and ticket.name in ('Ticket Opened', 'Ticket Updated', 'Ticket Closed')
    and ticket.properties ->> 'ticket_id' is not null
    and ticket.occurred_at <= {as_of}{known:ticket.received_at}
  order by ticket.properties ->> 'ticket_id', ticket.occurred_at desc, ticket.id desc
) ticket
where ticket.name <> 'Ticket Closed'
order by ticket.opened_at desc, ticket.ticket_id
limit 100
