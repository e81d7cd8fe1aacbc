-- Writes purchase_journey for the members $1 of the roots $2 (aligned arrays): per order the touchpoints from the first
-- intent event after the previous order, broken by $4 silent days, up to the order; and the one still open after the last
-- order. $3: intent event names. Touchpoints of one instant are taken in the order of their ids, orders last.
with member as materialized (
  select * from unnest($1::bigint[], $2::bigint[]) as member (id, root_id)
),
touch as (
  select
    member.root_id, event.tenant_id, event.id, event.occurred_at, event.channel, event.name = any($3::text[]) as is_intent,
    case when event.name = 'Order Completed' then event.order_id end as order_id
  from member
  join event on event.customer_id = member.id
  where event.customer_id = any($1::bigint[])
),
-- A piece ends with an order or before a long silence.
placed_touch as (
  select
    *,
    row_number() over running as position,
    lag(order_id) over running is not null
      or occurred_at >= lag(occurred_at) over running + make_interval(hours => 24 * $4::integer) as begins_piece,
    lead(occurred_at) over running is null as is_last
  from touch
  window running as (partition by root_id order by occurred_at, (order_id is not null), id)
),
pieced_touch as (
  select
    *,
    coalesce(max(position) filter (where begins_piece) over running, 1) as piece,
    max(position) filter (where is_intent) over running as latest_intent
  from placed_touch
  window running as (partition by root_id order by occurred_at, (order_id is not null), id)
),
-- What came before a piece's first intent is left out; an order without any is a journey of its own.
journey as (
  select
    root_id, min(tenant_id) as tenant_id, min(occurred_at) as started_at, max(occurred_at) as ended_at,
    max(order_id) as order_id, count(*) as touch_count,
    (array_agg(id order by position))[1] as first_event_id,
    array_agg(channel order by position) as channels,
    min(channel) = max(channel) as has_one_channel,
    max(channel) filter (where order_id is not null or is_last) as last_channel
  from pieced_touch
  where latest_intent >= piece or order_id is not null
  group by root_id, piece
  -- A piece without an order was given up, unless nothing came after it.
  having max(order_id) is not null or bool_or(is_last)
)
insert into purchase_journey (
  tenant_id, customer_id, started_at, first_event_id, ended_at, order_id, first_channel, last_channel, channels,
  touch_count, omnichannel, delivery_type, payment_method
)
select
  journey.tenant_id, journey.root_id, journey.started_at, journey.first_event_id, journey.ended_at, journey.order_id,
  journey.channels[1], journey.last_channel,
  case when journey.has_one_channel then journey.channels[:1] else array(
    select channel from unnest(journey.channels) with ordinality as use (channel, position)
    group by channel order by min(position)
  ) end,
  journey.touch_count, not journey.has_one_channel, customer_order.delivery_type, customer_order.payment_method
from journey
left join customer_order on customer_order.id = journey.order_id and customer_order.customer_id = any($1::bigint[])
