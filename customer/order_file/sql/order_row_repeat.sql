-- Groups of rows that say the same thing again: `kept` is the one that counts.
-- Rows equal in every column are one fact delivered twice. Where rows do not name a product, equal lines of one order are
-- plausible, so there only an order whose rows are all equal is a repetition.
create or replace table order_row_repeat as
select order_id, min(content) as content, min(row_number) as kept
from order_row
where problem is null and $drops_repeats
group by order_id, case when $names_products then content end
having count(*) > 1 and min(content) = max(content)
