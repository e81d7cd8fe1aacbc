-- The person's purchase journeys as they would have been derived at an earlier instant, from the touchpoints that had
-- happened and were known then: a journey that ended later, or was given up later, is open as far as it had got.
select {columns}
from (
  with touch as (
    select
      touched.id, touched.occurred_at, touched.channel,
      ({policy}.document -> 'intent_events') ? touched.name as is_intent,
      case when touched.name = 'Order Completed' then touched.order_id end as order_id
    from {table:customer} member
    join {table:event} touched on touched.customer_id = member.id
    where member.root_id = {row}.id and touched.occurred_at <= {as_of}{before:touched.occurred_at}
  ),
  placed_touch as (
    select
      *,
      row_number() over running as position,
      lag(order_id) over running is not null
        or occurred_at >= lag(occurred_at) over running
          + make_interval(hours => 24 * ({policy}.document ->> 'journey_break_days')::integer) as begins_piece,
      lead(occurred_at) over running is null as is_last
    from touch
    window running as (order by occurred_at, (order_id is not null), id)
  ),
  pieced_touch as (
    select
      *,
      coalesce(max(position) filter (where begins_piece) over running, 1) as piece,
      max(position) filter (where is_intent) over running as latest_intent
    from placed_touch
    window running as (order by occurred_at, (order_id is not null), id)
  ),
  journey as (
    select
      min(occurred_at) as started_at, max(occurred_at) as ended_at, max(order_id) as order_id, count(*) as touch_count,
      (array_agg(id order by position))[1] as first_event_id,
      array_agg(channel order by position) as channels,
      max(channel) filter (where order_id is not null or is_last) as last_channel
    from pieced_touch
    where latest_intent >= piece or order_id is not null
    group by piece
    having max(order_id) is not null or bool_or(is_last)
  )
  select
    {row}.id as customer_id, journey.started_at, journey.first_event_id, journey.ended_at, journey.order_id,
    journey.channels[1] as first_channel, journey.last_channel, used.channels, journey.touch_count,
    cardinality(used.channels) > 1 as omnichannel, bought.delivery_type, bought.payment_method
  from journey
  cross join lateral (
    select array_agg(use.channel order by use.position) as channels
    from (
      select listed.channel, min(listed.position) as position
      from unnest(journey.channels) with ordinality as listed (channel, position)
      group by listed.channel
    ) use
  ) used
  left join {table:customer_order} bought on bought.id = journey.order_id
) {item}
where true{where}
order by {order}
limit {limit}
