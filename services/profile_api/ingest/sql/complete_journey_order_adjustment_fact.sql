-- The data set knows no returns.
create or replace table order_adjustment_fact (
  adjustment_key varchar, customer_key varchar, order_key varchar, kind varchar, occurred_at timestamptz,
  received_at timestamptz, local_day integer, amount_minor bigint, product_id varchar, quantity decimal(18, 4),
  properties varchar
)
