-- The facts of current_setting('bench.base') customers, 20 touchpoints, 4 orders and 8 lines each, written in the order in
-- which they happened, so that a customer's rows lie apart. Deterministic: the same number gives the same rows.
-- They end in February 2026: whatever silence alone brings about has happened by now, so that peers that cannot compare
-- with the clock see the stage in force.
insert into tenant (id, key, name, currency, time_zone) values (1, 'bench', 'Bench', 'EUR', 'Europe/Paris');

insert into customer (
  id, tenant_id, root_id, created_at, given_name, family_name, age_band, city, postcode, country, locale, traits
)
select
  n, 1, n, timestamptz '2023-01-01' + n * interval '7 minutes',
  (array['Ana', 'Bob', 'Chloé', 'David', 'Emma', 'Farid', 'Gaëlle', 'Hugo'])[1 + n % 8],
  (array['Martin', 'Bernard', 'Thomas', 'Petit', 'Robert', 'Richard', 'Durand', 'Moreau'])[1 + (n / 8) % 8] || n % 1000,
  '35-44', 'Nantes', '44000', 'FR', 'fr-FR',
  '[{"name": "newsletter", "value": true, "source": "shop", "observedAt": "2025-01-01T00:00:00+00:00"}]'
from generate_series(1, current_setting('bench.base')::integer) n;

insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
select 1, n, kind.type, kind.prefix || n || kind.suffix, 'shop', 'exact', timestamptz '2023-01-01', 'import'
from generate_series(1, current_setting('bench.base')::integer) n
cross join (values ('EMAIL', 'c', '@bench.fr'), ('LOYALTY_CARD', '90', '')) kind (type, prefix, suffix);

insert into customer_order (
  id, tenant_id, customer_id, order_key, ordered_at, received_at, local_day, local_month, local_hour, channel, store_id,
  currency, total_minor, line_count, main_category, delivery_type, payment_method, source
)
select
  n * 4 + k, 1, n, 'O' || n * 4 + k, placed.at, placed.at, extract(epoch from placed.at)::bigint / 86400,
  (extract(year from placed.at) - 1970) * 12 + extract(month from placed.at) - 1, 12,
  case when k % 2 = 0 then 'WEB' else 'STORE' end, case when k % 2 = 1 then 'NTE' || n % 50 end,
  'EUR', 1000 + (n * 37 + k * 411) % 20000, 2, (array['Garden', 'Tools', 'Home'])[1 + k % 3], 'HOME', 'card', 'shop'
from generate_series(1, current_setting('bench.base')::integer) n
cross join generate_series(0, 3) k
cross join lateral (
  select timestamptz '2026-02-20' - ((n % 300) + k * 60) * interval '1 day' - (n % 86400) * interval '1 second' as at
) placed
order by placed.at;

insert into order_line (order_id, line_number, tenant_id, customer_id, product_id, category, quantity, amount_minor)
select id, line, 1, customer_id, 'P-' || (id * 7 + line) % 5000, 'Garden', 1, total_minor / 2
from customer_order cross join generate_series(1, 2) line
order by ordered_at, id, line;

insert into event (
  id, tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, order_id,
  source, properties, message_key
)
select
  n * 20 + k, 1, n, touch.name, touch.type, touch.channel, happened.at, happened.at,
  extract(epoch from happened.at)::bigint / 86400,
  (extract(year from happened.at) - 1970) * 12 + extract(month from happened.at) - 1, 12,
  case when touch.type = 'ORDER' then n * 4 + k / 5 end, 'shop',
  jsonb_build_object('product_id', 'P-' || (n * 3 + k) % 5000, 'category', 'Garden'), md5(n || '-' || k)::uuid
from generate_series(1, current_setting('bench.base')::integer) n
cross join generate_series(0, 19) k
cross join lateral (
  select timestamptz '2026-02-20' - ((n % 300) + k * 12) * interval '1 day' - (n % 86400) * interval '1 second' as at
) happened
cross join lateral (
  select
    case when k % 5 = 0 then 'Order Completed' when k % 7 = 0 then 'Email Opened' else 'Product Viewed' end as name,
    case when k % 5 = 0 then 'ORDER' when k % 7 = 0 then 'CAMPAIGN' else 'BROWSE' end as type,
    case when k % 10 = 5 then 'STORE' when k % 7 = 0 and k % 5 > 0 then 'EMAIL' else 'WEB' end as channel
) touch
order by happened.at;

insert into latest_prediction (
  customer_id, prediction_id, tenant_id, as_of, expires_at, feature_set, model_set, churn_probability, expected_on,
  predicted_value_minor, answer
)
select
  n, n, 1, timestamptz '2026-02-20', timestamptz '2026-03-20', 'f00d', 'set-1', (n * 7919 % 10000) / 10000.0,
  date '2026-03-10' + n % 60, 5000 + n % 30000,
  jsonb_build_object(
    'id', null,
    'churn', jsonb_build_object('probability', (n * 7919 % 10000) / 10000.0, 'band', 'MEDIUM', 'horizon_days', 90,
      'definition', 'NO_PURCHASE', 'model', reason.model, 'drivers', reason.drivers),
    'next_purchase', jsonb_build_object('p10_days', 3.5, 'p50_days', 20 + n % 60, 'p90_days', 130.25,
      'days', '[7, 14, 30, 60, 90, 180, 365]'::jsonb, 'probability', '[0.1, 0.2, 0.4, 0.6, 0.7, 0.9, 0.97]'::jsonb,
      'model', reason.model, 'drivers', reason.drivers),
    'value', jsonb_build_object('expected_minor', 5000 + n % 30000, 'low_minor', 1000, 'high_minor', 60000,
      'horizon_days', 365, 'model', reason.model, 'drivers', reason.drivers),
    'loyalty_potential', null, 'unavailable', '[]'::jsonb)
from generate_series(1, current_setting('bench.base')::integer) n
cross join (
  select
    '{"name": "churn", "version": "3", "basis": "MODEL"}'::jsonb as model,
    jsonb_agg(jsonb_build_object('feature', 'feature_' || d, 'value', d * 3.5, 'contribution', 0.5 - d * 0.1,
      'text_en', 'ordered ' || d * 12 || ' days ago, later than usual',
      'text_fr', 'a commandé il y a ' || d * 12 || ' jours, plus tard que d''habitude')) as drivers
  from generate_series(1, 5) d
) reason;

insert into consent (tenant_id, customer_id, purpose, channel, status, source, effective_at, recorded_at)
select 1, n, 'marketing', channel, 'GRANTED', 'shop', timestamptz '2025-01-01', timestamptz '2025-01-01'
from generate_series(1, current_setting('bench.base')::integer) n
cross join (values ('EMAIL'), ('SMS')) used (channel);
