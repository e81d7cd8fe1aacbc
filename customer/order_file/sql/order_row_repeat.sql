-- Groups of rows that say the same thing again: `kept` is the one that counts.
-- Rows equal in every column are one fact delivered twice. Where rows do not name a product, equal lines of one order are
-- plausible, so there only an order whose rows are all equal is a repetition; one of several customers is not.
select order_id, min(content) as content, min(row_number) as kept
from order_row
where problem is null and $drops_repeats
  and ($names_products or order_id not in (select order_id from order_row_conflict))
group by order_id, case when $names_products then content end
having count(*) > 1 and min(content) = max(content)
