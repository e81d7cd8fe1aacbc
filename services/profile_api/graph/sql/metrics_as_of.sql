-- One row: the person's customer_metrics as they were at an earlier instant, from the orders valid then and what was
-- known then; quintiles compare customers with each other and are not known for the past.
left join lateral (
  with placed_order as (
    select placed.*, {invalid_at:placed} as known_invalid_at
    from {table:customer} member
    join {table:customer_order} placed on placed.customer_id = member.id
    where member.root_id = {row}.id and placed.ordered_at <= {as_of}{before:placed.ordered_at}
      and ({invalid_at:placed} is null or {invalid_at:placed} > placed.ordered_at)
  ),
  given_back as (
    select adjustment.order_id, adjustment.kind, adjustment.amount_minor
    from {table:customer} member
    join {table:order_adjustment} adjustment on adjustment.customer_id = member.id
    where member.root_id = {row}.id and adjustment.occurred_at <= {as_of}{before:adjustment.occurred_at}
  ),
  valid_order as (
    select
      placed_order.*,
      case when placed_order.currency = house.currency then
        placed_order.total_minor
          - coalesce((select sum(amount_minor) from given_back where given_back.order_id = placed_order.id), 0)
      end as net_then_minor,
      row_number() over running as order_number,
      placed_order.local_day - lag(placed_order.local_day) over running as gap,
      max(placed_order.local_day) over () as last_day,
      house.currency as house_currency
    from placed_order
    cross join {table:tenant} house
    where placed_order.known_invalid_at is null or placed_order.known_invalid_at > {as_of}
    window running as (order by placed_order.ordered_at, placed_order.id)
  ),
  figure as (
    select
      count(*)::integer as order_count,
      sum(net_then_minor)::bigint as net_minor,
      round(avg(net_then_minor))::bigint as average_basket_minor,
      (array_agg(net_then_minor order by net_then_minor) filter (where net_then_minor is not null))
        [(90 * count(net_then_minor) + 99) / 100] as p90_basket_minor,
      min(ordered_at) as first_order_at,
      max(ordered_at) as last_order_at,
      (array_agg(gap order by gap) filter (where gap > 0))[(50 * count(gap) filter (where gap > 0) + 99) / 100]
        as median_gap_days,
      (array_agg(gap order by gap) filter (where gap > 0))[(75 * count(gap) filter (where gap > 0) + 99) / 100]
        as p75_gap_days,
      (array_agg(gap order by order_number) filter (where gap > 0))[1] as days_to_second_purchase,
      array_agg(distinct local_month order by local_month) as order_months
    from valid_order
  ),
  choice as (
    select aspect.name, aspect.value, count(*) as n, max(order_number) as last_use,
      sum(power(
        2::double precision,
        (local_day - last_day) / ({policy}.document ->> 'preference_half_life_days')::double precision
      )) as weight
    from valid_order
    cross join lateral (values
      ('channel', channel), ('store', store_id), ('category', main_category), ('payment', payment_method),
      ('delivery', delivery_type)
    ) as aspect (name, value)
    where aspect.value is not null
    group by aspect.name, aspect.value
  ),
  ranked_choice as (
    select
      choice.*, sum(weight) over whole as all_weight, sum(n) over whole as all_n,
      row_number() over (partition by name order by round(weight::numeric, 9) desc, last_use desc) as standing
    from choice
    window whole as (partition by name)
  )
  select
    {as_of} as computed_at,
    (select currency from {table:tenant} house) as currency,
    figure.order_count,
    (select count(*)::integer from placed_order) as placed_order_count,
    case
      when figure.net_minor is not null or exists (
        select from given_back where given_back.order_id is null and given_back.amount_minor is not null
      ) then coalesce(figure.net_minor, 0)
        - coalesce((select sum(amount_minor) from given_back where given_back.order_id is null), 0)
    end::bigint as net_revenue_minor,
    figure.average_basket_minor, figure.p90_basket_minor, figure.first_order_at, figure.last_order_at,
    figure.median_gap_days, figure.p75_gap_days, figure.days_to_second_purchase,
    (
      select count(distinct given_back.order_id)::integer
      from given_back
      join placed_order on placed_order.id = given_back.order_id
      where given_back.kind in ('RETURN', 'REFUND')
    ) as returned_order_count,
    coalesce(cardinality(figure.order_months), 0) as active_months,
    coalesce(figure.order_months, '{}') as order_months,
    coalesce((
      select array_agg(category order by category collate "C")
      from (
        select line.category
        from valid_order
        join {table:order_line} line on line.order_id = valid_order.id
        where line.category is not null
        union
        select main_category from valid_order where main_category is not null
      ) bought
    ), '{}') as categories,
    coalesce((
      select jsonb_object_agg(name, jsonb_build_object(
        'value', value, 'share', round((weight / all_weight)::numeric, 4), 'n', all_n))
      from ranked_choice
      where standing = 1 and all_n >= 2
    ), '{}') as preferences,
    jsonb_build_object('recruitmentPath', coalesce((
      select jsonb_agg(jsonb_build_object(
        'channel', channel, 'firstUsedAt', first_at, 'lastUsedAt', last_at, 'orderCount', n) order by first_number)
      from (
        select channel, min(ordered_at) as first_at, max(ordered_at) as last_at, count(*) as n,
          min(order_number) as first_number
        from valid_order
        group by channel
      ) used
    ), '[]')) as channel_profile,
    (
      select jsonb_build_object(
        'at', ordered_at, 'orderId', id, 'channel', channel, 'storeId', store_id, 'campaign', campaign,
        'firstCategory', main_category,
        'trigger', (
          select jsonb_build_object(
            'kind', case
              when led.type = 'CAMPAIGN' or led.campaign is not null then 'CAMPAIGN'
              when led.name = 'Products Searched' then 'SEARCH'
              when led.channel = 'STORE' then 'STORE_VISIT'
              else 'REFERRER'
            end,
            'value', case
              when led.type = 'CAMPAIGN' or led.campaign is not null then coalesce(led.campaign, led.name)
              when led.name = 'Products Searched' then led.properties ->> 'query'
              when led.channel = 'STORE' then led.store_id
              else led.properties ->> 'referrer'
            end,
            'at', led.occurred_at, 'channel', led.channel
          )
          from {table:customer} member
          join {table:event} led on led.customer_id = member.id
          where member.root_id = {row}.id{known:led.received_at}
            and led.occurred_at < valid_order.ordered_at
            and led.occurred_at >= valid_order.ordered_at
              - make_interval(hours => 24 * ({policy}.document ->> 'acquisition_trigger_days')::integer)
            and led.type not in ('ORDER', 'DELIVERY', 'FEEDBACK', 'SERVICE')
            and (
              led.type = 'CAMPAIGN' or led.campaign is not null or led.name = 'Products Searched'
              or led.channel = 'STORE' or led.properties ->> 'referrer' is not null
            )
          order by led.occurred_at desc, led.id desc
          limit 1
        ))
      from valid_order
      where order_number = 1
    ) as acquisition,
    null::jsonb as rfm,
    (
      select max(touch.occurred_at)
      from {table:customer} member
      join {table:event} touch on touch.customer_id = member.id
      where member.root_id = {row}.id and touch.occurred_at <= {as_of}{before:touch.occurred_at}
    ) as last_event_at,
    (
      select max(touch.received_at)
      from {table:customer} member
      join {table:event} touch on touch.customer_id = member.id
      where member.root_id = {row}.id and touch.occurred_at <= {as_of}{before:touch.occurred_at}
    ) as last_received_at
  from figure
) {self} on true
