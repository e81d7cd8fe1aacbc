-- The lines of new and of changed orders (whose former lines are gone by now).
insert into order_line (
  order_id, line_number, tenant_id, customer_id, product_id, category, quantity, amount_minor, properties
)
select
  plan.order_id, line_number, $1, plan.customer_id, product_id, category, quantity, amount_minor,
  cast(properties as jsonb)
from stage_line
join order_plan as plan using (order_key)
where plan.step in ('NEW', 'CHANGED')
order by plan.order_id, line_number  -- fills the index from left to right
