-- The staged adjustments that are not known yet. Those that match no order of the file are matched to what the database
-- holds, by the same rule: the order of their own number, else the latest earlier order with the product, else the
-- latest earlier order of the person. One that names an order matches no other; one without an amount that is no return of
-- goods gives back all that was left. $1 tenant, $2 source. Returns their ids.
with fresh as (
  select staged.*, identity.customer_id, customer.root_id
  from stage_adjustment as staged
  join identity
    on identity.tenant_id = $1 and identity.type = staged.customer_type and identity.value = staged.customer_value
    and identity.unlinked_at is null
  join customer on customer.id = identity.customer_id
  where not exists (
    select from order_adjustment as known
    where known.tenant_id = $1 and known.adjustment_key = staged.adjustment_key
  )
)
insert into order_adjustment (
  tenant_id, customer_id, order_id, adjustment_key, kind, occurred_at, received_at, local_day, amount_minor, product_id,
  quantity, source, properties
)
select
  $1, fresh.customer_id, coalesce(in_file.order_id, in_database.order_id), fresh.adjustment_key, fresh.kind,
  fresh.occurred_at, fresh.received_at, fresh.local_day,
  coalesce(fresh.amount_minor, case when fresh.kind <> 'RETURN' then matched.remaining_minor end), fresh.product_id, fresh.quantity, $2,
  coalesce(cast(fresh.properties as jsonb), '{}')
from fresh
left join order_plan as in_file on in_file.order_key = fresh.order_key and in_file.step <> 'FOREIGN'
left join lateral (
  select customer_order.id as order_id
  from customer as member
  join customer_order on customer_order.customer_id = member.id
  where member.root_id = fresh.root_id and customer_order.ordered_at <= fresh.occurred_at
    and in_file.order_id is null and (fresh.order_key is null or customer_order.order_key = fresh.order_key)
  order by
    customer_order.order_key = fresh.return_key desc,
    exists (
      select from order_line
      where order_line.order_id = customer_order.id and order_line.product_id = fresh.product_id
    ) desc,
    customer_order.ordered_at desc, customer_order.order_key desc
  limit 1
) as in_database on true
left join lateral (
  select greatest(total_minor - refunded_minor, 0) as remaining_minor
  from customer_order
  where customer_order.id = coalesce(in_file.order_id, in_database.order_id)
) as matched on true
returning id
