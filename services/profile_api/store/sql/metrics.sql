-- Writes customer_metrics for the members $1 of the roots $2 (aligned arrays) as of $3: figures over the orders valid then, with what was returned known
-- by then. $4: half-life of preferences in days, $5: days before the first order in which its trigger is looked for,
-- $6: tenant. Quintiles (rfm) compare customers with each other and are left as they are.
with member as materialized (
  select * from unnest($1::bigint[], $2::bigint[]) as member (id, root_id)
),
house as materialized (
  select currency, time_zone from tenant where id = $6::integer
),
placed_order as materialized (
  select member.root_id, o.*
  from member
  join customer_order o on o.customer_id = member.id
  where o.customer_id = any($1::bigint[]) and o.ordered_at <= $3::timestamptz and (o.invalid_at is null or o.invalid_at > o.ordered_at)
),
valid_order as materialized (
  select
    placed_order.root_id, id, ordered_at, local_day, local_month, channel, store_id, main_category, delivery_type,
    payment_method, campaign,
    case when placed_order.currency = house.currency then net_minor end as net_minor,
    row_number() over running as order_number,
    local_day - lag(local_day) over running as gap,
    max(local_day) over (partition by root_id) as last_day
  from placed_order
  cross join house
  where invalid_at is null or invalid_at > $3::timestamptz
  window running as (partition by root_id order by ordered_at, id)
),
unmatched_return as (
  select member.root_id, sum(adjustment.amount_minor) as amount_minor
  from member
  join order_adjustment adjustment on adjustment.customer_id = member.id
  where adjustment.customer_id = any($1::bigint[]) and adjustment.order_id is null and adjustment.occurred_at <= $3::timestamptz
  group by member.root_id
),
returned_order as (
  select placed_order.root_id, count(distinct placed_order.id) as order_count
  from placed_order
  join order_adjustment adjustment on adjustment.order_id = placed_order.id
  where adjustment.customer_id = any($1::bigint[]) and adjustment.kind in ('RETURN', 'REFUND') and adjustment.occurred_at <= $3::timestamptz
  group by placed_order.root_id
),
placed_count as (
  select root_id, count(*) as order_count from placed_order group by root_id
),
order_figure as (
  select
    root_id,
    count(*) as order_count,
    sum(net_minor) as net_minor,
    round(avg(net_minor))::bigint as average_basket_minor,
    (array_agg(net_minor order by net_minor) filter (where net_minor is not null))
      [(90 * count(net_minor) + 99) / 100] as p90_basket_minor,
    min(ordered_at) as first_order_at,
    max(ordered_at) as last_order_at,
    (array_agg(gap order by gap) filter (where gap > 0))[(50 * count(*) filter (where gap > 0) + 99) / 100]
      as median_gap_days,
    (array_agg(gap order by gap) filter (where gap > 0))[(75 * count(*) filter (where gap > 0) + 99) / 100]
      as p75_gap_days,
    (array_agg(gap order by order_number) filter (where gap > 0))[1] as days_to_second_purchase,
    array_agg(distinct local_month) as order_months
  from valid_order
  group by root_id
),
bought_category as (
  select root_id, array_agg(category order by category collate "C") as categories
  from (
    select member.root_id, line.category
    from (
      select distinct customer_id, category
      from order_line
      where order_id = any(array(select id from valid_order)) and category is not null
    ) as line
    join member on member.id = line.customer_id
    union
    select root_id, main_category from valid_order where main_category is not null
  ) as bought
  group by root_id
),
-- Each order counts half as much as one placed a half-life later, so the shares do not depend on when one looks.
choice as (
  select
    valid_order.root_id, aspect.name, aspect.value, count(*) as n, max(valid_order.order_number) as last_use,
    sum(power(2::double precision, (local_day - last_day) / $4::double precision)) as weight
  from valid_order
  cross join lateral (values
    ('channel', channel), ('store', store_id), ('category', main_category), ('payment', payment_method),
    ('delivery', delivery_type)
  ) as aspect (name, value)
  where aspect.value is not null
  group by valid_order.root_id, aspect.name, aspect.value
),
preference as (
  select
    root_id,
    jsonb_object_agg(name, jsonb_build_object('value', value, 'share', round((weight / whole)::numeric, 4), 'n', whole_n))
      as preferences
  from (
    select
      *,
      sum(weight) over (partition by root_id, name) as whole,
      sum(n) over (partition by root_id, name) as whole_n,
      row_number() over (partition by root_id, name order by round(weight::numeric, 9) desc, last_use desc) as place
    from choice
  ) as ranked
  where place = 1 and whole_n >= 2
  group by root_id
),
recruitment as (
  select
    root_id,
    jsonb_agg(
      jsonb_build_object('channel', channel, 'firstUsedAt', first_at, 'lastUsedAt', last_at, 'orderCount', n)
      order by first_number
    ) as path
  from (
    select
      root_id, channel, min(ordered_at) as first_at, max(ordered_at) as last_at, min(order_number) as first_number,
      count(*) as n
    from valid_order
    group by root_id, channel
  ) as use
  group by root_id
),
trigger as (
  select distinct on (first_order.root_id)
    first_order.root_id, event.occurred_at as at, event.channel,
    case
      when event.type = 'CAMPAIGN' or event.campaign is not null then 'CAMPAIGN'
      when event.name = 'Products Searched' then 'SEARCH'
      when event.channel = 'STORE' then 'STORE_VISIT'
      else 'REFERRER'
    end as kind,
    case
      when event.type = 'CAMPAIGN' or event.campaign is not null then coalesce(event.campaign, event.name)
      when event.name = 'Products Searched' then event.properties ->> 'query'
      when event.channel = 'STORE' then event.store_id
      else event.properties ->> 'referrer'
    end as value
  from valid_order first_order
  join member on member.root_id = first_order.root_id
  join event on event.customer_id = member.id
    and event.occurred_at >= first_order.ordered_at - make_interval(hours => 24 * $5::integer)
    and event.occurred_at < first_order.ordered_at
  where event.customer_id = any($1::bigint[]) and first_order.order_number = 1
    and event.type not in ('ORDER', 'DELIVERY', 'FEEDBACK', 'SERVICE')
    and (
      event.type = 'CAMPAIGN' or event.campaign is not null or event.name = 'Products Searched'
      or event.channel = 'STORE' or event.properties ->> 'referrer' is not null
    )
  order by first_order.root_id, event.occurred_at desc, event.id desc
),
acquisition as (
  select
    valid_order.root_id,
    jsonb_build_object(
      'at', ordered_at, 'orderId', id, 'channel', valid_order.channel, 'storeId', store_id, 'campaign', campaign,
      'firstCategory', main_category,
      'trigger', case when trigger.root_id is not null then jsonb_build_object(
        'kind', trigger.kind, 'value', trigger.value, 'at', trigger.at, 'channel', trigger.channel
      ) end
    ) as acquisition
  from valid_order
  left join trigger using (root_id)
  where order_number = 1
),
latest_event as (
  select member.root_id, max(latest.occurred_at) as occurred_at, max(latest.received_at) as received_at
  from (
    select customer_id, max(occurred_at) as occurred_at, max(received_at) as received_at
    from event
    where customer_id = any($1::bigint[]) and occurred_at <= $3::timestamptz
    group by customer_id
  ) as latest
  join member on member.id = latest.customer_id
  group by member.root_id
)
insert into customer_metrics as stored (
  customer_id, tenant_id, computed_at, currency, order_count, placed_order_count, net_revenue_minor,
  average_basket_minor, p90_basket_minor, first_order_at, last_order_at, median_gap_days, p75_gap_days,
  days_to_second_purchase, returned_order_count, active_months, order_months, categories, preferences, channel_profile,
  acquisition, last_event_at, last_received_at
)
select
  root.id, $6::integer, $3::timestamptz, house.currency,
  coalesce(figure.order_count, 0), coalesce(placed_count.order_count, 0),
  case when figure.net_minor is not null or unmatched_return.amount_minor is not null
    then coalesce(figure.net_minor, 0) - coalesce(unmatched_return.amount_minor, 0) end,
  figure.average_basket_minor, figure.p90_basket_minor, figure.first_order_at, figure.last_order_at,
  figure.median_gap_days, figure.p75_gap_days, figure.days_to_second_purchase,
  coalesce(returned_order.order_count, 0), coalesce(cardinality(figure.order_months), 0),
  coalesce(figure.order_months, '{}'), coalesce(bought_category.categories, '{}'),
  '{"channel": null, "store": null, "category": null, "payment": null, "delivery": null}'::jsonb
    || coalesce(preference.preferences, '{}'),
  jsonb_build_object('recruitmentPath', coalesce(recruitment.path, '[]')),
  acquisition.acquisition, latest_event.occurred_at, latest_event.received_at
from (select id from member where id = root_id) as root
cross join house
left join order_figure figure on figure.root_id = root.id
left join placed_count on placed_count.root_id = root.id
left join returned_order on returned_order.root_id = root.id
left join unmatched_return on unmatched_return.root_id = root.id
left join bought_category on bought_category.root_id = root.id
left join preference on preference.root_id = root.id
left join recruitment on recruitment.root_id = root.id
left join acquisition on acquisition.root_id = root.id
left join latest_event on latest_event.root_id = root.id
on conflict (customer_id) do update set
  computed_at = excluded.computed_at, currency = excluded.currency, order_count = excluded.order_count,
  placed_order_count = excluded.placed_order_count, net_revenue_minor = excluded.net_revenue_minor,
  average_basket_minor = excluded.average_basket_minor, p90_basket_minor = excluded.p90_basket_minor,
  first_order_at = excluded.first_order_at, last_order_at = excluded.last_order_at,
  median_gap_days = excluded.median_gap_days, p75_gap_days = excluded.p75_gap_days,
  days_to_second_purchase = excluded.days_to_second_purchase, returned_order_count = excluded.returned_order_count,
  active_months = excluded.active_months, order_months = excluded.order_months, categories = excluded.categories,
  preferences = excluded.preferences, channel_profile = excluded.channel_profile, acquisition = excluded.acquisition,
  last_event_at = excluded.last_event_at, last_received_at = excluded.last_received_at
