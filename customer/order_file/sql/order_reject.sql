-- The rows that were not taken, by their number in the file (the first row after the header is 1), and why.
select row_number, problem as reason from order_row where problem is not null
union all
select row_number, 'order ' || order_id || ' already belongs to another customer' as reason
from order_row join order_row_conflict using (order_id)
where problem is null and customer_id <> owner_id
order by row_number
