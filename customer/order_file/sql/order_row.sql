-- Every kept row of the file as typed values, with `problem` naming the first thing wrong with it (null: nothing).
-- Text without an offset is local time of the session's TimeZone, which the reader sets to the company's.
create or replace table order_row as
with text_row as (
  select
    row_number,
    nullif(trim(customer_id), '') as customer_id,
    nullif(trim(order_id), '') as order_id,
    nullif(trim(ordered_at), '') as ordered_text,
    nullif(trim(received_at), '') as received_text,
    nullif(trim(delivered_at), '') as delivered_text,
    nullif(trim(amount), '') as amount_text,
    nullif(trim(quantity), '') as quantity_text,
    nullif(trim(unit_price), '') as price_text,
    nullif(trim(discount), '') as discount_text,
    lower(nullif(trim(is_return), '')) as return_text,
    coalesce(upper(nullif(trim(currency), '')), $written_in) as currency,
    lower(nullif(trim(channel), '')) as channel_text,
    nullif(trim(store_id), '') as store_id,
    nullif(trim(product_id), '') as product_id,
    nullif(trim(category), '') as category,
    nullif(trim(delivery_type), '') as delivery_type,
    nullif(trim(payment_method), '') as payment_method,
    nullif(trim(campaign), '') as campaign,
    properties,
    is_product,
    is_too_long
  from order_file_row
  where is_kept
),
typed_row as (
  select
    *,
    order_file_time(ordered_text) as ordered_at,
    order_file_time(received_text) as received_at,
    order_file_time(delivered_text) as delivered_at,
    order_file_number(amount_text) as amount,
    order_file_number(quantity_text) as quantity,
    order_file_number(price_text) as unit_price,
    order_file_number(discount_text) as discount,
    case
      when return_text is null or return_text in ('false', 'f', '0', 'no', 'n', 'non') then false
      when return_text in ('true', 't', '1', 'yes', 'y', 'oui') then true
    end as is_marked_return
  from text_row
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
      when ordered_text is null then 'ordered_at is missing'
      when ordered_at is null then 'ordered_at is not a date: ' || ordered_text[:40]
      when ordered_at < timestamptz '1900-01-01 00:00:00+00' then 'ordered_at is before 1900: ' || ordered_text[:40]
      when ordered_at > cast($now as timestamptz) then 'ordered_at is in the future: ' || ordered_text[:40]
      when received_text is not null and received_at is null then 'received_at is not a date: ' || received_text[:40]
      when received_at > cast($now as timestamptz) then 'received_at is in the future: ' || received_text[:40]
      when delivered_text is not null and delivered_at is null
        then 'delivered_at is not a date: ' || delivered_text[:40]
      when is_marked_return is null then 'is_return is neither true nor false: ' || return_text[:40]
      when amount_text is not null and amount is null then 'amount is not a number: ' || amount_text[:40]
      when quantity_text is not null and quantity is null then 'quantity is not a number: ' || quantity_text[:40]
      when price_text is not null and unit_price is null then 'unit_price is not a number: ' || price_text[:40]
      when discount_text is not null and discount is null then 'discount is not a number: ' || discount_text[:40]
      when $has_amounts and amount is null and unit_price is null then 'amount is missing'
      when not (is_marked_return or coalesce(quantity, 0) < 0) and (amount < 0 or unit_price < 0)
        then 'negative amount, but not a return (is_return or a negative quantity marks returns)'
      when abs(coalesce(amount, coalesce(quantity, 1) * unit_price, 0)) > 1e12
        or abs(coalesce(quantity, 0)) > 1e12 or abs(coalesce(discount, 0)) > 1e12
        then 'amount or quantity is out of range'
      when currency <> $currency
        then 'currency is ' || currency[:10] || ' but amounts are kept in ' || $currency || '; convert it first'
    end as problem
  from typed_row
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
    customer_id, order_id, ordered_text, received_text, amount_text, quantity_text, price_text, return_text, channel_text,
    store_id, product_id, category, discount_text, delivery_type, payment_method, campaign, delivered_text, properties
  ) as content,
  problem
from judged_row
where $known_before is null or coalesce(
  ordered_at < cast($known_before as timestamptz)
  and coalesce(received_at, ordered_at) < cast($known_before as timestamptz), true
)
