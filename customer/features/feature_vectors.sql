-- Promises one row of features per row of spine (customer_id, as_of, local_day, local_month, year_day), computed from
-- nothing but the facts that had occurred and were known before as_of, of the members known to be that customer.
-- One text for PostgreSQL, DuckDB and (transpiled) Spark: integers are aggregated and divided once at the end,
-- percentiles are nearest ranks (the largest value whose rank less one is below n * percent / 100), windows are
-- tie-broken by value, null order is explicit. Of orders placed at one instant the largest amount, the most lines and
-- the last channel code stand for the first or last order. Days are local calendar days: days_ago <= 30 is exactly
-- thirty days when as_of is a local midnight, and those plus today's part otherwise.
with member as (
  select
    spine.customer_id, spine.as_of, spine.local_day, feature_member.member_id
  from spine
  join feature_member
    on feature_member.customer_id = spine.customer_id
    and feature_member.known_at < spine.as_of
    and feature_member.until_at >= spine.as_of
),
adjustment as (
  select
    member.customer_id, member.as_of, feature_adjustment.order_id, feature_adjustment.kind,
    member.local_day - feature_adjustment.local_day as days_ago,
    feature_adjustment.amount_minor
  from member
  join feature_adjustment
    on feature_adjustment.member_id = member.member_id
    and feature_adjustment.occurred_at < member.as_of
    and feature_adjustment.received_at < member.as_of
),
adjusted_order as materialized (
  select
    customer_id, as_of, order_id,
    cast(sum(amount_minor) as bigint) as adjusted_minor,
    count(*) filter (where kind = 'CANCELLATION') as cancellation_count
  from adjustment
  where order_id is not null
  group by customer_id, as_of, order_id
),
known_order as (
  select
    member.customer_id, member.as_of, feature_order.order_id, feature_order.occurred_at,
    feature_order.local_day, feature_order.local_month, feature_order.local_hour,
    feature_order.store_id, feature_order.line_count, feature_order.discount_minor, feature_order.total_minor,
    member.local_day - feature_order.local_day as days_ago,
    feature_order.total_minor - coalesce(adjusted_order.adjusted_minor, 0) as net_minor,
    coalesce(adjusted_order.cancellation_count, 0) as cancellation_count,
    case
      when feature_order.invalid_at < member.as_of and feature_order.invalid_received_at < member.as_of then 1 else 0
    end as invalid,
    case when adjusted_order.order_id is null then 0 else 1 end as adjusted,
    case feature_order.channel
      when 'WEB' then 1 when 'APP' then 2 when 'STORE' then 3 when 'CALL_CENTRE' then 4 when 'EMAIL' then 5
      when 'SMS' then 6 when 'SOCIAL' then 7 when 'MARKETPLACE' then 8 else 9
    end as channel_code
  from member
  join feature_order
    on feature_order.member_id = member.member_id
    and feature_order.occurred_at < member.as_of
    and feature_order.received_at < member.as_of
  left join adjusted_order
    on adjusted_order.customer_id = member.customer_id
    and adjusted_order.as_of = member.as_of
    and adjusted_order.order_id = feature_order.order_id
),
valid_order as (
  select
    customer_id, as_of, order_id, occurred_at, local_day, local_month, local_hour, store_id, line_count,
    discount_minor, total_minor, days_ago, net_minor, channel_code
  from known_order
  where invalid = 0 and cancellation_count = 0 and (net_minor is null or net_minor > 0)
),
order_span as materialized (
  select customer_id, as_of, min(occurred_at) as first_at, max(occurred_at) as last_at
  from valid_order
  group by customer_id, as_of
),
ranked_basket as (
  select
    customer_id, as_of, net_minor,
    row_number() over (
      partition by customer_id, as_of order by net_minor asc nulls last, order_id asc nulls last
    ) as basket_rank,
    count(*) over (partition by customer_id, as_of) as priced_count
  from valid_order
  where net_minor is not null
),
basket_summary as materialized (
  select
    customer_id, as_of,
    max(net_minor) filter (where (basket_rank - 1) * 100 < 50 * priced_count) as median_basket_minor,
    max(net_minor) filter (where (basket_rank - 1) * 100 < 90 * priced_count) as p90_basket_minor
  from ranked_basket
  group by customer_id, as_of
),
order_summary as materialized (
  select
    valid_order.customer_id, valid_order.as_of,
    count(*) as order_count,
    count(net_minor) as priced_count,
    count(*) filter (where days_ago <= 7) as order_count_7d,
    count(*) filter (where days_ago <= 14) as order_count_14d,
    count(*) filter (where days_ago <= 30) as order_count_30d,
    count(*) filter (where days_ago <= 60) as order_count_60d,
    count(*) filter (where days_ago <= 90) as order_count_90d,
    count(*) filter (where days_ago <= 180) as order_count_180d,
    count(*) filter (where days_ago <= 365) as order_count_365d,
    count(*) filter (where days_ago > 30 and days_ago <= 60) as order_count_before_30d,
    count(*) filter (where days_ago > 90 and days_ago <= 180) as order_count_before_90d,
    count(*) filter (where days_ago > 365 and days_ago <= 730) as order_count_before_365d,
    count(*) filter (where days_ago > 334 and days_ago <= 364) as order_count_next_30d_last_year,
    count(*) filter (where days_ago > 304 and days_ago <= 364) as order_count_next_60d_last_year,
    count(*) filter (where days_ago > 274 and days_ago <= 364) as order_count_next_90d_last_year,
    sum(net_minor) filter (where days_ago <= 30) as net_minor_30d,
    sum(net_minor) filter (where days_ago <= 90) as net_minor_90d,
    sum(net_minor) filter (where days_ago <= 180) as net_minor_180d,
    sum(net_minor) filter (where days_ago <= 365) as net_minor_365d,
    sum(net_minor) filter (where days_ago > 90 and days_ago <= 180) as net_minor_before_90d,
    sum(net_minor) filter (where days_ago > 274 and days_ago <= 364) as net_minor_next_90d_last_year,
    sum(net_minor) as net_minor,
    sum(total_minor) as gross_minor,
    sum(total_minor) filter (where days_ago <= 365) as gross_minor_365d,
    sum(discount_minor) filter (where days_ago <= 365) as discount_minor_365d,
    count(*) filter (where discount_minor > 0) as discounted_order_count,
    count(net_minor) filter (where days_ago <= 365) as priced_count_365d,
    max(net_minor) as largest_basket_minor,
    min(net_minor) as smallest_basket_minor,
    max(net_minor) filter (where occurred_at = last_at) as last_basket_minor,
    max(net_minor) filter (where occurred_at = first_at) as first_basket_minor,
    max(line_count) filter (where occurred_at = last_at) as last_order_line_count,
    max(channel_code) filter (where occurred_at = last_at) as last_channel_code,
    max(channel_code) filter (where occurred_at = first_at) as first_channel_code,
    sum(line_count) as line_count,
    sum(line_count) filter (where days_ago <= 365) as line_count_365d,
    count(*) filter (where channel_code in (1, 2)) as digital_order_count,
    count(*) filter (where channel_code = 3) as store_order_count,
    count(*) filter (where (local_day + 3) % 7 >= 5) as weekend_order_count,
    count(*) filter (where local_hour < 12) as morning_order_count,
    count(*) filter (where local_hour >= 18) as evening_order_count,
    greatest(
      count(*) filter (where (local_day + 3) % 7 = 0), count(*) filter (where (local_day + 3) % 7 = 1),
      count(*) filter (where (local_day + 3) % 7 = 2), count(*) filter (where (local_day + 3) % 7 = 3),
      count(*) filter (where (local_day + 3) % 7 = 4), count(*) filter (where (local_day + 3) % 7 = 5),
      count(*) filter (where (local_day + 3) % 7 = 6)
    ) as busiest_weekday_order_count
  from valid_order
  join order_span
    on order_span.customer_id = valid_order.customer_id and order_span.as_of = valid_order.as_of
  group by valid_order.customer_id, valid_order.as_of
),
used_channel as (
  select customer_id, as_of, channel_code, min(days_ago) as last_days_ago
  from valid_order
  group by customer_id, as_of, channel_code
),
channel_summary as materialized (
  select
    customer_id, as_of,
    count(*) as channel_count,
    count(*) filter (where last_days_ago <= 365) as channel_count_365d
  from used_channel
  group by customer_id, as_of
),
used_store as (
  select customer_id, as_of, store_id, count(*) as order_count
  from valid_order
  where store_id is not null
  group by customer_id, as_of, store_id
),
store_summary as materialized (
  select customer_id, as_of, count(*) as store_count
  from used_store
  group by customer_id, as_of
),
returned_order as materialized (
  select
    customer_id, as_of,
    count(*) as known_order_count,
    count(*) filter (where adjusted = 1) as returned_order_count,
    count(*) filter (where cancellation_count > 0) as cancelled_order_count
  from known_order
  group by customer_id, as_of
),
return_summary as materialized (
  select
    customer_id, as_of,
    count(*) as return_count,
    count(*) filter (where days_ago <= 90) as return_count_90d,
    count(*) filter (where days_ago <= 365) as return_count_365d,
    sum(amount_minor) as returned_minor,
    sum(amount_minor) filter (where days_ago <= 365) as returned_minor_365d,
    min(days_ago) as days_since_last_return
  from adjustment
  group by customer_id, as_of
),
purchase_day as (
  select
    customer_id, as_of, days_ago,
    min(local_month) as local_month,
    sum(net_minor) as net_minor,
    count(net_minor) as priced_count
  from valid_order
  group by customer_id, as_of, days_ago
),
gap as (
  select
    customer_id, as_of, days_ago, net_minor, priced_count,
    lead(days_ago) over (partition by customer_id, as_of order by days_ago asc nulls last) - days_ago as gap_days,
    row_number() over (partition by customer_id, as_of order by days_ago asc nulls last) as newest_rank,
    case
      when lag(local_month) over (partition by customer_id, as_of order by days_ago asc nulls last) = local_month then 0
      else 1
    end as newest_of_month,
    count(*) over (partition by customer_id, as_of) - 1 as gap_count
  from purchase_day
),
ranked_gap as (
  select
    customer_id, as_of, days_ago, net_minor, priced_count, gap_days, newest_rank, newest_of_month, gap_count,
    row_number() over (
      partition by customer_id, as_of order by gap_days asc nulls last, days_ago asc nulls last
    ) as gap_rank
  from gap
),
rhythm as materialized (
  select
    customer_id, as_of,
    count(*) as purchase_day_count,
    count(*) filter (where days_ago <= 90) as purchase_day_count_90d,
    count(*) filter (where days_ago <= 365) as purchase_day_count_365d,
    count(*) filter (where newest_of_month = 1) as active_month_count,
    count(*) filter (where newest_of_month = 1 and days_ago <= 365) as active_month_count_365d,
    count(gap_days) as gap_count,
    min(days_ago) as silence_days,
    max(days_ago) as tenure_days,
    cast(sum(gap_days) as bigint) as gap_sum,
    cast(sum(cast(gap_days as bigint) * gap_days) as bigint) as gap_square_sum,
    min(gap_days) as shortest_gap_days,
    max(gap_days) as longest_gap_days,
    max(gap_days) filter (where newest_rank = 1) as last_gap_days,
    max(gap_days) filter (where newest_rank = 2) as previous_gap_days,
    max(gap_days) filter (where (gap_rank - 1) * 100 < 25 * gap_count) as p25_gap_days,
    max(gap_days) filter (where (gap_rank - 1) * 100 < 50 * gap_count) as median_gap_days,
    max(gap_days) filter (where (gap_rank - 1) * 100 < 75 * gap_count) as p75_gap_days,
    max(gap_days) filter (where (gap_rank - 1) * 100 < 90 * gap_count) as p90_gap_days,
    max(days_ago) filter (where newest_rank = gap_count) as second_days_ago,
    max(days_ago) filter (where newest_rank <= 4) as fourth_newest_days_ago,
    sum(net_minor) filter (where newest_rank <= gap_count) as repeat_minor,
    count(*) filter (where newest_rank <= gap_count and priced_count > 0) as repeat_priced_day_count
  from ranked_gap
  group by customer_id, as_of
),
bought_line as (
  select
    valid_order.customer_id, valid_order.as_of, valid_order.days_ago, feature_order_line.product_id,
    feature_order_line.category
  from valid_order
  join feature_order_line on feature_order_line.order_id = valid_order.order_id
),
product as (
  select customer_id, as_of, product_id, min(days_ago) as last_days_ago, max(days_ago) as first_days_ago
  from bought_line
  where product_id is not null
  group by customer_id, as_of, product_id
),
product_summary as materialized (
  select
    customer_id, as_of,
    count(*) as product_count,
    count(*) filter (where last_days_ago <= 90) as product_count_90d,
    count(*) filter (where last_days_ago <= 365) as product_count_365d,
    count(*) filter (where first_days_ago > last_days_ago) as rebought_product_count
  from product
  group by customer_id, as_of
),
category as (
  select customer_id, as_of, category, count(*) as line_count, min(days_ago) as last_days_ago
  from bought_line
  where category is not null
  group by customer_id, as_of, category
),
category_summary as materialized (
  select
    customer_id, as_of,
    count(*) as category_count,
    count(*) filter (where last_days_ago <= 90) as category_count_90d,
    count(*) filter (where last_days_ago <= 365) as category_count_365d,
    cast(sum(line_count) as bigint) as line_count,
    max(line_count) as top_category_line_count
  from category
  group by customer_id, as_of
),
touchpoint as (
  select
    member.customer_id, member.as_of, feature_event.type, feature_event.name, feature_event.channel,
    member.local_day - feature_event.local_day as days_ago
  from member
  join feature_event
    on feature_event.member_id = member.member_id
    and feature_event.occurred_at < member.as_of
    and feature_event.received_at < member.as_of
  where feature_event.type <> 'ORDER'
),
touchpoint_summary as materialized (
  select
    customer_id, as_of,
    count(*) as touchpoint_count,
    count(*) filter (where days_ago <= 30) as touchpoint_count_30d,
    count(*) filter (where days_ago <= 90) as touchpoint_count_90d,
    count(*) filter (where days_ago > 90 and days_ago <= 180) as touchpoint_count_before_90d,
    min(days_ago) as days_since_last_touchpoint,
    max(days_ago) as days_since_first_touchpoint,
    count(*) filter (where type = 'BROWSE' and days_ago <= 30) as browse_count_30d,
    count(*) filter (where type = 'BROWSE' and days_ago <= 90) as browse_count_90d,
    count(*) filter (where type = 'BROWSE' and days_ago > 90 and days_ago <= 180) as browse_count_before_90d,
    min(days_ago) filter (where type = 'BROWSE') as days_since_last_browse,
    count(*) filter (where type = 'CART' and days_ago <= 30) as cart_count_30d,
    count(*) filter (where type = 'CART' and days_ago <= 90) as cart_count_90d,
    min(days_ago) filter (where type = 'CART') as days_since_last_cart,
    count(*) filter (where type = 'CAMPAIGN' and days_ago <= 30) as campaign_count_30d,
    count(*) filter (where type = 'CAMPAIGN' and days_ago <= 90) as campaign_count_90d,
    count(*) filter (
      where days_ago <= 90 and name in (
        'Email Opened', 'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Promotion Clicked',
        'Coupon Entered', 'Coupon Applied', 'Coupon Redeemed'
      )
    ) as campaign_response_count_90d,
    min(days_ago) filter (where type = 'CAMPAIGN') as days_since_last_campaign,
    count(*) filter (where name in ('Coupon Applied', 'Coupon Redeemed') and days_ago <= 365) as coupon_count_365d,
    count(*) filter (where name in ('Unsubscribed', 'Email Marked as Spam') and days_ago <= 365) as opt_out_count_365d,
    count(*) filter (where type = 'SERVICE' and days_ago <= 90) as service_count_90d,
    count(*) filter (where type = 'SERVICE' and days_ago <= 365) as service_count_365d,
    min(days_ago) filter (where type = 'SERVICE') as days_since_last_service,
    count(*) filter (where type = 'FEEDBACK' and days_ago <= 365) as feedback_count_365d
  from touchpoint
  group by customer_id, as_of
),
touchpoint_channel as (
  select customer_id, as_of, channel
  from touchpoint
  where days_ago <= 90
  group by customer_id, as_of, channel
),
touchpoint_channel_summary as materialized (
  select customer_id, as_of, count(channel) as channel_count_90d
  from touchpoint_channel
  group by customer_id, as_of
),
browse_day as (
  select customer_id, as_of, days_ago
  from touchpoint
  where type = 'BROWSE' and days_ago <= 90
  group by customer_id, as_of, days_ago
),
browse_day_summary as materialized (
  select customer_id, as_of, count(*) as day_count_90d
  from browse_day
  group by customer_id, as_of
)
select
  spine.customer_id, spine.as_of,
  -- orders
  cast(coalesce(order_summary.order_count_7d, 0) as bigint) as order_count_7d,
  cast(coalesce(order_summary.order_count_14d, 0) as bigint) as order_count_14d,
  cast(coalesce(order_summary.order_count_30d, 0) as bigint) as order_count_30d,
  cast(coalesce(order_summary.order_count_60d, 0) as bigint) as order_count_60d,
  cast(coalesce(order_summary.order_count_90d, 0) as bigint) as order_count_90d,
  cast(coalesce(order_summary.order_count_180d, 0) as bigint) as order_count_180d,
  cast(coalesce(order_summary.order_count_365d, 0) as bigint) as order_count_365d,
  cast(coalesce(order_summary.order_count, 0) as bigint) as order_count,
  cast(coalesce(rhythm.purchase_day_count_90d, 0) as bigint) as purchase_day_count_90d,
  cast(coalesce(rhythm.purchase_day_count_365d, 0) as bigint) as purchase_day_count_365d,
  cast(coalesce(rhythm.purchase_day_count, 0) as bigint) as purchase_day_count,
  cast(
    cast(order_summary.order_count_30d - order_summary.order_count_before_30d as double precision)
    / nullif(order_summary.order_count_60d, 0) as double precision
  ) as order_trend_30d,
  cast(
    cast(order_summary.order_count_90d - order_summary.order_count_before_90d as double precision)
    / nullif(order_summary.order_count_180d, 0) as double precision
  ) as order_trend_90d,
  cast(
    cast(order_summary.order_count_365d - order_summary.order_count_before_365d as double precision)
    / nullif(order_summary.order_count_365d + order_summary.order_count_before_365d, 0) as double precision
  ) as order_trend_365d,
  -- rhythm
  cast(rhythm.silence_days as bigint) as days_since_last_order,
  cast(rhythm.tenure_days as bigint) as days_since_first_order,
  cast(rhythm.tenure_days - rhythm.second_days_ago as bigint) as days_to_second_purchase,
  cast(rhythm.gap_count as bigint) as repeat_count,
  cast(rhythm.tenure_days - rhythm.silence_days as bigint) as days_first_to_last_order,
  cast(cast(rhythm.gap_sum as double precision) / nullif(rhythm.gap_count, 0) as double precision) as mean_gap_days,
  cast(
    sqrt(
      cast(rhythm.gap_count * rhythm.gap_square_sum - rhythm.gap_sum * rhythm.gap_sum as double precision)
      / nullif(rhythm.gap_count * (rhythm.gap_count - 1), 0)
    ) as double precision
  ) as gap_deviation_days,
  cast(rhythm.shortest_gap_days as bigint) as shortest_gap_days,
  cast(rhythm.p25_gap_days as bigint) as p25_gap_days,
  cast(rhythm.median_gap_days as bigint) as median_gap_days,
  cast(rhythm.p75_gap_days as bigint) as p75_gap_days,
  cast(rhythm.p90_gap_days as bigint) as p90_gap_days,
  cast(rhythm.longest_gap_days as bigint) as longest_gap_days,
  cast(rhythm.last_gap_days as bigint) as last_gap_days,
  cast(rhythm.previous_gap_days as bigint) as previous_gap_days,
  cast(
    case when rhythm.gap_count >= 3 then rhythm.fourth_newest_days_ago - rhythm.silence_days end as bigint
  ) as last_three_gaps_days,
  cast(cast(rhythm.silence_days as double precision) / nullif(rhythm.median_gap_days, 0) as double precision)
    as silence_to_median_gap,
  cast(cast(rhythm.silence_days as double precision) / nullif(rhythm.p75_gap_days, 0) as double precision)
    as silence_to_p75_gap,
  cast(cast(rhythm.silence_days as double precision) / nullif(rhythm.longest_gap_days, 0) as double precision)
    as silence_to_longest_gap,
  cast(cast(rhythm.last_gap_days as double precision) / nullif(rhythm.median_gap_days, 0) as double precision)
    as last_gap_to_median_gap,
  cast(cast(rhythm.silence_days as double precision) / nullif(rhythm.tenure_days, 0) as double precision)
    as silence_to_tenure,
  cast(coalesce(rhythm.active_month_count, 0) as bigint) as active_month_count,
  cast(coalesce(rhythm.active_month_count_365d, 0) as bigint) as active_month_count_365d,
  -- amounts
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor_30d, 0) end as bigint
  ) as net_amount_30d,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor_90d, 0) end as bigint
  ) as net_amount_90d,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor_180d, 0) end as bigint
  ) as net_amount_180d,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor_365d, 0) end as bigint
  ) as net_amount_365d,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor, 0) end as bigint
  ) as net_amount,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.gross_minor_365d, 0) end as bigint
  ) as gross_amount_365d,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.gross_minor, 0) end as bigint
  ) as gross_amount,
  cast(
    cast(
      coalesce(order_summary.net_minor_90d, 0) - coalesce(order_summary.net_minor_before_90d, 0) as double precision
    ) / nullif(cast(order_summary.net_minor_180d as double precision), 0) as double precision
  ) as amount_trend_90d,
  cast(
    cast(order_summary.net_minor as double precision) / nullif(order_summary.priced_count, 0) as double precision
  ) as mean_basket,
  cast(
    cast(order_summary.net_minor_365d as double precision) / nullif(order_summary.priced_count_365d, 0)
    as double precision
  ) as mean_basket_365d,
  cast(
    cast(rhythm.repeat_minor as double precision) / nullif(rhythm.repeat_priced_day_count, 0) as double precision
  ) as mean_repeat_day_amount,
  cast(order_summary.first_basket_minor as bigint) as first_basket,
  cast(order_summary.last_basket_minor as bigint) as last_basket,
  cast(order_summary.smallest_basket_minor as bigint) as smallest_basket,
  cast(basket_summary.median_basket_minor as bigint) as median_basket,
  cast(basket_summary.p90_basket_minor as bigint) as p90_basket,
  cast(order_summary.largest_basket_minor as bigint) as largest_basket,
  cast(
    cast(order_summary.last_basket_minor as double precision)
    / nullif(cast(basket_summary.median_basket_minor as double precision), 0) as double precision
  ) as last_basket_to_median,
  cast(
    cast(order_summary.largest_basket_minor as double precision)
    / nullif(cast(order_summary.net_minor as double precision), 0) as double precision
  ) as largest_basket_share,
  cast(
    cast(order_summary.discount_minor_365d as double precision)
    / nullif(cast(order_summary.discount_minor_365d + order_summary.gross_minor_365d as double precision), 0)
    as double precision
  ) as discount_share_365d,
  cast(
    cast(order_summary.discounted_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as discounted_order_share,
  -- returns
  cast(coalesce(return_summary.return_count_90d, 0) as bigint) as return_count_90d,
  cast(coalesce(return_summary.return_count_365d, 0) as bigint) as return_count_365d,
  cast(coalesce(return_summary.return_count, 0) as bigint) as return_count,
  cast(coalesce(return_summary.returned_minor_365d, 0) as bigint) as returned_amount_365d,
  cast(coalesce(return_summary.returned_minor, 0) as bigint) as returned_amount,
  cast(
    cast(returned_order.returned_order_count as double precision) / nullif(returned_order.known_order_count, 0)
    as double precision
  ) as returned_order_share,
  cast(coalesce(returned_order.cancelled_order_count, 0) as bigint) as cancelled_order_count,
  cast(return_summary.days_since_last_return as bigint) as days_since_last_return,
  -- assortment
  cast(coalesce(order_summary.line_count, 0) as bigint) as line_count,
  cast(coalesce(order_summary.line_count_365d, 0) as bigint) as line_count_365d,
  cast(
    cast(order_summary.line_count as double precision) / nullif(order_summary.order_count, 0) as double precision
  ) as mean_lines_per_order,
  cast(order_summary.last_order_line_count as bigint) as last_order_line_count,
  cast(coalesce(product_summary.product_count_90d, 0) as bigint) as product_count_90d,
  cast(coalesce(product_summary.product_count_365d, 0) as bigint) as product_count_365d,
  cast(coalesce(product_summary.product_count, 0) as bigint) as product_count,
  cast(
    cast(product_summary.rebought_product_count as double precision) / nullif(product_summary.product_count, 0)
    as double precision
  ) as rebought_product_share,
  cast(coalesce(category_summary.category_count_90d, 0) as bigint) as category_count_90d,
  cast(coalesce(category_summary.category_count_365d, 0) as bigint) as category_count_365d,
  cast(coalesce(category_summary.category_count, 0) as bigint) as category_count,
  cast(
    cast(category_summary.top_category_line_count as double precision) / nullif(category_summary.line_count, 0)
    as double precision
  ) as top_category_share,
  -- channels
  cast(coalesce(channel_summary.channel_count_365d, 0) as bigint) as order_channel_count_365d,
  cast(coalesce(channel_summary.channel_count, 0) as bigint) as order_channel_count,
  cast(
    cast(order_summary.digital_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as digital_order_share,
  cast(
    cast(order_summary.store_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as store_order_share,
  cast(coalesce(store_summary.store_count, 0) as bigint) as store_count,
  cast(
    case order_summary.first_channel_code
      when 1 then 'WEB' when 2 then 'APP' when 3 then 'STORE' when 4 then 'CALL_CENTRE' when 5 then 'EMAIL'
      when 6 then 'SMS' when 7 then 'SOCIAL' when 8 then 'MARKETPLACE' when 9 then 'OTHER'
    end as text
  ) as first_order_channel,
  cast(
    case order_summary.last_channel_code
      when 1 then 'WEB' when 2 then 'APP' when 3 then 'STORE' when 4 then 'CALL_CENTRE' when 5 then 'EMAIL'
      when 6 then 'SMS' when 7 then 'SOCIAL' when 8 then 'MARKETPLACE' when 9 then 'OTHER'
    end as text
  ) as last_order_channel,
  cast(channel_summary.channel_count_365d >= 2 as boolean) as is_multichannel,
  -- season and time of day
  cast((spine.local_day + 3) % 7 as bigint) as weekday,
  cast(spine.local_month % 12 + 1 as bigint) as month,
  cast(spine.year_day as bigint) as year_day,
  cast(coalesce(order_summary.order_count_next_30d_last_year, 0) as bigint) as order_count_next_30d_last_year,
  cast(coalesce(order_summary.order_count_next_60d_last_year, 0) as bigint) as order_count_next_60d_last_year,
  cast(coalesce(order_summary.order_count_next_90d_last_year, 0) as bigint) as order_count_next_90d_last_year,
  cast(
    case when order_summary.priced_count = 0 then null
      else coalesce(order_summary.net_minor_next_90d_last_year, 0) end as bigint
  ) as net_amount_next_90d_last_year,
  cast(
    cast(order_summary.weekend_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as weekend_order_share,
  cast(
    cast(order_summary.morning_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as morning_order_share,
  cast(
    cast(order_summary.evening_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as evening_order_share,
  cast(
    cast(order_summary.busiest_weekday_order_count as double precision) / nullif(order_summary.order_count, 0)
    as double precision
  ) as busiest_weekday_share,
  -- touchpoints
  cast(coalesce(touchpoint_summary.touchpoint_count_30d, 0) as bigint) as touchpoint_count_30d,
  cast(coalesce(touchpoint_summary.touchpoint_count_90d, 0) as bigint) as touchpoint_count_90d,
  cast(coalesce(touchpoint_summary.touchpoint_count, 0) as bigint) as touchpoint_count,
  cast(
    cast(
      touchpoint_summary.touchpoint_count_90d - touchpoint_summary.touchpoint_count_before_90d as double precision
    ) / nullif(touchpoint_summary.touchpoint_count_90d + touchpoint_summary.touchpoint_count_before_90d, 0)
    as double precision
  ) as touchpoint_trend_90d,
  cast(touchpoint_summary.days_since_last_touchpoint as bigint) as days_since_last_touchpoint,
  cast(touchpoint_summary.days_since_first_touchpoint as bigint) as days_since_first_touchpoint,
  cast(coalesce(touchpoint_channel_summary.channel_count_90d, 0) as bigint) as touchpoint_channel_count_90d,
  cast(coalesce(touchpoint_summary.browse_count_30d, 0) as bigint) as browse_count_30d,
  cast(coalesce(touchpoint_summary.browse_count_90d, 0) as bigint) as browse_count_90d,
  cast(coalesce(browse_day_summary.day_count_90d, 0) as bigint) as browse_day_count_90d,
  cast(
    cast(touchpoint_summary.browse_count_90d - touchpoint_summary.browse_count_before_90d as double precision)
    / nullif(touchpoint_summary.browse_count_90d + touchpoint_summary.browse_count_before_90d, 0) as double precision
  ) as browse_trend_90d,
  cast(touchpoint_summary.days_since_last_browse as bigint) as days_since_last_browse,
  cast(coalesce(touchpoint_summary.cart_count_30d, 0) as bigint) as cart_count_30d,
  cast(coalesce(touchpoint_summary.cart_count_90d, 0) as bigint) as cart_count_90d,
  cast(touchpoint_summary.days_since_last_cart as bigint) as days_since_last_cart,
  cast(coalesce(touchpoint_summary.campaign_count_30d, 0) as bigint) as campaign_count_30d,
  cast(coalesce(touchpoint_summary.campaign_count_90d, 0) as bigint) as campaign_count_90d,
  cast(coalesce(touchpoint_summary.campaign_response_count_90d, 0) as bigint) as campaign_response_count_90d,
  cast(touchpoint_summary.days_since_last_campaign as bigint) as days_since_last_campaign,
  cast(coalesce(touchpoint_summary.coupon_count_365d, 0) as bigint) as coupon_count_365d,
  cast(coalesce(touchpoint_summary.opt_out_count_365d, 0) as bigint) as opt_out_count_365d,
  cast(coalesce(touchpoint_summary.service_count_90d, 0) as bigint) as service_count_90d,
  cast(coalesce(touchpoint_summary.service_count_365d, 0) as bigint) as service_count_365d,
  cast(touchpoint_summary.days_since_last_service as bigint) as days_since_last_service,
  cast(coalesce(touchpoint_summary.feedback_count_365d, 0) as bigint) as feedback_count_365d
from spine
left join order_summary
  on order_summary.customer_id = spine.customer_id and order_summary.as_of = spine.as_of
left join basket_summary
  on basket_summary.customer_id = spine.customer_id and basket_summary.as_of = spine.as_of
left join channel_summary
  on channel_summary.customer_id = spine.customer_id and channel_summary.as_of = spine.as_of
left join store_summary
  on store_summary.customer_id = spine.customer_id and store_summary.as_of = spine.as_of
left join returned_order
  on returned_order.customer_id = spine.customer_id and returned_order.as_of = spine.as_of
left join return_summary
  on return_summary.customer_id = spine.customer_id and return_summary.as_of = spine.as_of
left join rhythm
  on rhythm.customer_id = spine.customer_id and rhythm.as_of = spine.as_of
left join product_summary
  on product_summary.customer_id = spine.customer_id and product_summary.as_of = spine.as_of
left join category_summary
  on category_summary.customer_id = spine.customer_id and category_summary.as_of = spine.as_of
left join touchpoint_summary
  on touchpoint_summary.customer_id = spine.customer_id and touchpoint_summary.as_of = spine.as_of
left join touchpoint_channel_summary
  on touchpoint_channel_summary.customer_id = spine.customer_id and touchpoint_channel_summary.as_of = spine.as_of
left join browse_day_summary
  on browse_day_summary.customer_id = spine.customer_id and browse_day_summary.as_of = spine.as_of
