-- What to do with each staged order: NEW, CHANGED, SAME, or FOREIGN (its key belongs to another person here).
create temporary table order_plan on commit drop as
select
  staged.order_key,
  identity.customer_id,
  coalesce(known.id, nextval(pg_get_serial_sequence('customer_order', 'id'))) as order_id,
  case
    when known.id is null then 'NEW'
    when owner.root_id <> customer.root_id then 'FOREIGN'
    when (known.ordered_at, known.channel, known.store_id, known.total_minor, known.discount_minor, known.line_count,
          known.main_category, known.delivery_type, known.payment_method, known.campaign, known.delivered_at)
      is distinct from
         (staged.ordered_at, staged.channel, staged.store_id, staged.total_minor, staged.discount_minor,
          staged.line_count, staged.main_category, staged.delivery_type, staged.payment_method, staged.campaign,
          staged.delivered_at) then 'CHANGED'
    else 'SAME'
  end as step
from stage_order as staged
join identity
  on identity.tenant_id = $1 and identity.type = staged.customer_type and identity.value = staged.customer_value
  and identity.unlinked_at is null
join customer on customer.id = identity.customer_id
left join customer_order as known on known.tenant_id = $1 and known.order_key = staged.order_key
left join customer as owner on owner.id = known.customer_id
