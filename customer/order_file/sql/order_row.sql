-- Every kept row of the file as typed values, with `problem` naming the first thing wrong with it (null: nothing).
-- `*_written` is the text that a value was read from: null where there was none, or where the file's type is the value's.
-- What cannot be read is told by its form only, letters as x and digits as 0: a mistaken column may name people.
-- Text without an offset is local time of the session's TimeZone, which the reader sets to the company's.
with told_row as (
  select
    * exclude (currency),
    coalesce(currency, $written_in) as currency,
    case
      when return_text is null or return_text in ('false', 'f', '0', 'no', 'n', 'non') then false
      when return_text in ('true', 't', '1', 'yes', 'y', 'oui') then true
    end as is_marked_return
  from order_file_row
  where is_kept
),
judged_row as (
  select
    *,
    is_marked_return or coalesce(quantity, 0) < 0 as is_return,
    coalesce(amount, coalesce(quantity, 1) * unit_price) as line_amount,
    case
      when is_too_long then 'more values than the header has columns'
      when customer_id is null then 'customer_id is missing'
      when regexp_matches(lower(customer_id), $blocked_pattern) then 'customer_id is a placeholder: ' || customer_id
      when order_id is null then 'order_id is missing'
      when regexp_matches(lower(order_id), $blocked_pattern) then 'order_id is a placeholder: ' || order_id
      when ordered_at is null and ordered_at_written is null then 'ordered_at is missing'
      when ordered_at is null then 'ordered_at is not a date: ' || form_of(ordered_at_written)
      when ordered_at < timestamptz '1900-01-01 00:00:00+00'
        then 'ordered_at is before 1900: ' || coalesce(ordered_at_written, cast(ordered_at as varchar))[:40]
      when ordered_at > $now
        then 'ordered_at is in the future: ' || coalesce(ordered_at_written, cast(ordered_at as varchar))[:40]
      when received_at is null and received_at_written is not null
        then 'received_at is not a date: ' || form_of(received_at_written)
      when received_at > $now
        then 'received_at is in the future: ' || coalesce(received_at_written, cast(received_at as varchar))[:40]
      when delivered_at is null and delivered_at_written is not null
        then 'delivered_at is not a date: ' || form_of(delivered_at_written)
      when is_marked_return is null then 'is_return is neither true nor false: ' || form_of(return_text)
      when amount is null and amount_written is not null then no_number('amount', amount_written)
      when quantity is null and quantity_written is not null then no_number('quantity', quantity_written)
      when unit_price is null and unit_price_written is not null then no_number('unit_price', unit_price_written)
      when discount is null and discount_written is not null then no_number('discount', discount_written)
      when $has_amounts and amount is null and unit_price is null then 'amount is missing'
      when not (is_marked_return or coalesce(quantity, 0) < 0) and (amount < 0 or unit_price < 0)
        then 'negative amount, but not a return (is_return or a negative quantity marks returns)'
      when abs(coalesce(amount, coalesce(quantity, 1) * unit_price, 0)) > 1e12
        or abs(coalesce(quantity, 0)) > 1e12 or abs(coalesce(discount, 0)) > 1e12
        then 'amount or quantity is out of range'
      when currency <> $currency
        then 'currency is ' || if(length(currency) = 3, currency, form_of(currency)) || ' but amounts are kept in '
          || $currency || '; convert it first'
    end as problem
  from told_row
)
select
  row_number,
  customer_id,
  order_id,
  ordered_at,
  greatest(coalesce(received_at, ordered_at), ordered_at) as received_at,
  delivered_at,
  is_return,
  is_product,
  product_id,
  category,
  try_cast(round(abs(quantity), 4) as decimal(18, 4)) as quantity,
  try_cast(round(abs(line_amount) * $minor_factor) as bigint) as amount_minor,
  try_cast(round(abs(discount) * $minor_factor) as bigint) as discount_minor,
  case when channel_text is null then $default_channel else coalesce($channel_words[channel_text], 'OTHER') end
    as channel,
  store_id,
  delivery_type,
  payment_method,
  campaign,
  nullif(properties, '{}') as properties,
  hash(
    customer_id, order_id, ordered_at, received_at, amount, quantity, unit_price, is_marked_return, channel_text,
    store_id, product_id, category, discount, delivery_type, payment_method, campaign, delivered_at, properties
  ) as content,
  problem
from judged_row
where $known_before is null or coalesce(
  ordered_at < $known_before and coalesce(received_at, ordered_at) < $known_before, true
)
