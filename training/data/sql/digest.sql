-- One number for the facts in the relations that the features read, the same whatever their internal numbers and order:
-- an order is named by what it says and holds, a member by their facts, a customer by their members. Sums of hashes do
-- not depend on the order of rows, and duplicates do not cancel out. Parts that share no customer may be added up.
with content as (
  select order_id, member_id, sum(cast(hash(product_id, category) as hugeint)) as lines
  from feature_order_line
  group by order_id, member_id
),
named_order as (
  select
    feature_order.order_id, feature_order.member_id,
    hash(
      occurred_at, received_at, local_day, local_month, local_hour, channel, store_id, total_minor, discount_minor,
      line_count, invalid_at, invalid_received_at, content.lines
    ) as name
  from feature_order
  left join content on content.order_id = feature_order.order_id and content.member_id = feature_order.member_id
),
fact as (
  select member_id, hash('order', name) as name
  from named_order
  union all
  select
    feature_adjustment.member_id,
    hash('adjustment', named_order.name, feature_adjustment.order_id is null, kind, occurred_at, received_at, local_day, amount_minor)
  from feature_adjustment
  left join named_order
    on named_order.order_id = feature_adjustment.order_id
    and named_order.member_id = feature_adjustment.member_id
  union all
  select member_id, hash('event', type, name, channel, occurred_at, received_at, local_day)
  from feature_event
),
named_member as (
  select member_id, sum(cast(name as hugeint)) as name
  from fact
  group by member_id
),
named_customer as (
  select customer_id, sum(cast(hash(named_member.name, known_at, until_at) as hugeint)) as name
  from feature_member
  left join named_member on named_member.member_id = feature_member.member_id
  group by customer_id
)
select coalesce(sum(cast(hash(name) as hugeint)), 0) as digest
from named_customer
