-- One line per product of a basket. Quantities of fuel and of its like are in thousandths of a gallon: left out.
create or replace table order_line_fact as
select
  cast(basket_id as varchar) as order_key,
  cast(row_number() over (partition by basket_id order by product_id, sales_value, quantity) as integer) as line_number,
  cast(product_id as varchar) as product_id,
  coalesce(product_category, department) as category,
  case when coalesce(department, '') not in ('FUEL', 'MISCELLANEOUS') then cast(quantity as decimal(18, 4)) end
    as quantity,
  cast(round(sales_value * 100) as bigint) as amount_minor,
  cast(null as varchar) as properties
from transactions
left join products using (product_id)
