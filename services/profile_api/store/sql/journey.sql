-- Rewrites purchase_journey for the roots $1: per order the touchpoints from the first intent event after the previous
-- order, broken by $3 silent days, up to the order; and the one still open after the last order. $2: intent event names.
-- Touchpoints of one instant are taken in the order of their ids, orders last.
with member as materialized (
  select id, root_id from customer where root_id = any($1::bigint[])
),
touch as (
  select
    member.root_id, event.tenant_id, event.id, event.occurred_at, event.channel, event.name = any($2::text[]) as is_intent,
    case when event.name = 'Order Completed' then event.order_id end as order_id
  from member
  join event on event.customer_id = member.id
),
-- Stretch 0 ends with the first order, stretch 1 with the second, the last one stays open.
stretched_touch as (
  select
    *,
    count(order_id) over running - (order_id is not null)::integer as stretch,
    row_number() over running as position,
    lag(occurred_at) over running as occurred_before
  from touch
  window running as (partition by root_id order by occurred_at, (order_id is not null), id)
),
-- A stretch falls apart where nothing happened for long; only its last piece leads to the order.
broken_touch as (
  select
    *,
    max(position) filter (where occurred_at >= occurred_before + make_interval(hours => 24 * $3::integer))
      over stretch_whole as last_break,
    min(position) over stretch_whole as first_position
  from stretched_touch
  window stretch_whole as (partition by root_id, stretch)
),
led_touch as (
  select
    *,
    min(position) filter (where is_intent and position >= coalesce(last_break, first_position))
      over (partition by root_id, stretch) as first_intent
  from broken_touch
),
-- An order without intent is a journey of its own; an open stretch without intent is none.
journey_touch as materialized (
  select * from led_touch where position >= first_intent or (first_intent is null and order_id is not null)
),
used_channel as (
  select root_id, stretch, array_agg(channel order by first_use) as channels
  from (
    select root_id, stretch, channel, min(position) as first_use from journey_touch group by root_id, stretch, channel
  ) as use
  group by root_id, stretch
),
journey as (
  select
    root_id, stretch, min(tenant_id) as tenant_id, min(occurred_at) as started_at, max(occurred_at) as ended_at,
    max(order_id) as order_id, min(position) as first_position, max(position) as last_position,
    count(*) as touch_count
  from journey_touch
  group by root_id, stretch
)
insert into purchase_journey (
  tenant_id, customer_id, started_at, first_event_id, ended_at, order_id, first_channel, last_channel, channels,
  touch_count, omnichannel, delivery_type, payment_method
)
select
  journey.tenant_id, journey.root_id, journey.started_at, first_touch.id, journey.ended_at, journey.order_id,
  first_touch.channel, last_touch.channel, used_channel.channels, journey.touch_count,
  cardinality(used_channel.channels) >= 2, customer_order.delivery_type, customer_order.payment_method
from journey
join used_channel using (root_id, stretch)
join journey_touch first_touch on first_touch.root_id = journey.root_id and first_touch.position = journey.first_position
join journey_touch last_touch on last_touch.root_id = journey.root_id and last_touch.position = journey.last_position
left join customer_order on customer_order.id = journey.order_id
