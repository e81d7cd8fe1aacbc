-- Tickets: most often about a late delivery, sometimes about anything; nearly all are closed within days.
create or replace table sim_service as
with cause as (
  select
    *, case when is_late then 'LATE_DELIVERY'
            when is_online then pick(['MISSING_ITEM', 'DAMAGED_ITEM', 'PAYMENT'], chance(basket_id, 'cause'))
            else pick(['LOYALTY_CARD', 'PRODUCT_QUALITY', 'PRICE', 'STORE'], chance(basket_id, 'cause')) end as cause,
    case when is_late then 0.45 when is_online then 0.03 else 0.0025 end as likelihood,
    coalesce(delivered_at, ordered_at) + hours(1 + 40 * chance(basket_id, 'complains at')) as opened_at
  from sim_order
),
ticket as (
  select
    *, 'T-' || basket_id as ticket_id, opened_at + hours(2 + 100 * pow(chance(basket_id, 'closed at'), 2)) as closed_at,
    pick(['CALL_CENTRE', 'CALL_CENTRE', 'EMAIL', 'WEB'], chance(basket_id, 'ticket channel')) as ticket_channel,
    chance(basket_id, 'stays open') < case when opened_at > history_end() - interval 14 day then 0.4 else 0.01 end as stays_open
  from cause
  where chance(basket_id, 'complains') < likelihood
),
step as (
  select *, 'Service Contact' as name, opened_at as moment from ticket
  union all select *, 'Ticket Opened', opened_at + interval 1 minute from ticket
  union all select *, 'Ticket Closed', closed_at from ticket where not stays_open
)
select
  household_id, name, ticket_channel as channel, moment as occurred_at, store_id::varchar as store_id,
  'ticket ' || basket_id || ' ' || name as message_key, basket_id::varchar as order_key, is_late,
  json_object('ticket_id', ticket_id, 'cause', cause, 'subject', replace(lower(cause), '_', ' '), 'direction', 'INBOUND',
    'order_id', basket_id::varchar) as properties
from step
where moment < history_end();
