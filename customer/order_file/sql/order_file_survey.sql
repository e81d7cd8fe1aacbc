-- One row on the whole file: how many rows it has, how many of them were orders known then, by about how many customers,
-- and in which currencies, each with its number of rows.
with judged_row as (
  select
    customer_id, currency,
    is_kept and (
      $known_before is null
      or coalesce(ordered_at < $known_before and coalesce(received_at, ordered_at) < $known_before, true)
    ) as is_known
  from order_file_row
)
select
  count(*),
  count(*) filter (is_known),
  approx_count_distinct(customer_id) filter (is_known),
  histogram(currency) filter ($names_currency and is_known and regexp_matches(currency, '^[A-Z]{3}$'))
from judged_row
