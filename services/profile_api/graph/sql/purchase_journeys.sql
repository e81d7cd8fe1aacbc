-- The person's purchase journeys begun before the instant looked from. One that ended later is shown as it stood: open,
-- with the touchpoints it had by then.
select {item}.*
from (
  select
    journey.customer_id, journey.started_at, journey.first_event_id,
    coalesce(seen.ended_at, journey.ended_at) as ended_at,
    case when seen.ended_at is null then journey.order_id end as order_id,
    journey.first_channel,
    coalesce(seen.last_channel, journey.last_channel) as last_channel,
    coalesce(seen.channels, journey.channels) as channels,
    coalesce(seen.touch_count, journey.touch_count) as touch_count,
    coalesce(array_length(seen.channels, 1) > 1, journey.omnichannel) as omnichannel,
    case when seen.ended_at is null then journey.delivery_type end as delivery_type,
    case when seen.ended_at is null then journey.payment_method end as payment_method
  from {table:purchase_journey} journey
  left join lateral (
    select
      max(use.last_used_at) as ended_at,
      sum(use.touch_count)::bigint as touch_count,
      array_agg(use.channel order by use.first_used_at) as channels,
      (array_agg(use.channel order by use.last_used_at desc))[1] as last_channel
    from (
      select touch.channel, min(touch.occurred_at) as first_used_at, max(touch.occurred_at) as last_used_at,
        count(*) as touch_count
      from {table:customer} member
      join {table:event} touch on touch.customer_id = member.id
      where journey.ended_at >= {as_of}
        and member.root_id = journey.customer_id
        and touch.occurred_at >= journey.started_at and touch.occurred_at < {as_of}
      group by touch.channel
    ) use
  ) seen on true
  where journey.customer_id = {row}.id and journey.started_at < {as_of}
) {item}
where true{where}
order by {order}
limit {limit}
