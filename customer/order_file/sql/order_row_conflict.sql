-- Orders that the file gives to several customers: the earliest row's customer owns it, whatever comes later.
create or replace table order_row_conflict as
select order_id, arg_min(customer_id, (ordered_at, customer_id)) as owner_id
from order_row
where problem is null
group by order_id
having min(customer_id) <> max(customer_id)
