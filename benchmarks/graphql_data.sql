-- A company of current_setting('bench.customers') customers with 20 touchpoints, 4 orders and 8 lines each, all derived
-- tables filled, as the read side sees it. Deterministic: the same size gives the same rows.
insert into tenant (id, key, name, currency, time_zone) values (1, 'bench', 'Bench', 'EUR', 'Europe/Paris');

insert into customer (id, tenant_id, root_id, created_at, given_name, family_name, age_band, city, postcode, country, locale, traits)
select
  n, 1, n, timestamptz '2023-01-01' + n * interval '7 minutes',
  (array['Ana', 'Bob', 'Chloé', 'David', 'Emma', 'Farid', 'Gaëlle', 'Hugo'])[1 + n % 8],
  (array['Martin', 'Bernard', 'Thomas', 'Petit', 'Robert', 'Richard', 'Durand', 'Moreau'])[1 + (n / 8) % 8] || n % 1000,
  '35-44', 'Nantes', '44000', 'FR', 'fr-FR',
  '[{"name": "newsletter", "value": true, "source": "shop", "observedAt": "2025-01-01T00:00:00+00:00"}]'
from generate_series(1, current_setting('bench.customers')::integer) n;

insert into identity (tenant_id, customer_id, type, value, source, rule, linked_at, linked_by)
select 1, n, kind.type, kind.prefix || n || kind.suffix, 'shop', 'exact', timestamptz '2023-01-01', 'import'
from generate_series(1, current_setting('bench.customers')::integer) n
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
from generate_series(1, current_setting('bench.customers')::integer) n
cross join generate_series(0, 3) k
cross join lateral (
  select timestamptz '2026-02-20' - ((n % 300) + k * 60) * interval '1 day' - (n % 86400) * interval '1 second' as at
) placed;

insert into order_line (order_id, line_number, tenant_id, customer_id, product_id, category, quantity, amount_minor)
select id, line, 1, customer_id, 'P-' || (id * 7 + line) % 5000, 'Garden', 1, total_minor / 2
from customer_order cross join generate_series(1, 2) line;

insert into event (
  tenant_id, customer_id, name, type, channel, occurred_at, received_at, local_day, local_month, local_hour, store_id,
  order_id, source, properties, message_key
)
select
  1, n, touch.name, touch.type, touch.channel, happened.at, happened.at, extract(epoch from happened.at)::bigint / 86400,
  600, 12, null, case when touch.type = 'ORDER' then n * 4 + k % 4 end, 'shop',
  jsonb_build_object('product_id', 'P-' || (n * 3 + k) % 5000, 'category', 'Garden'),
  md5(n || '-' || k)::uuid
from generate_series(1, current_setting('bench.customers')::integer) n
cross join generate_series(0, 19) k
cross join lateral (
  select timestamptz '2026-02-20' - ((n % 300) + k * 9) * interval '1 day' - (n % 86400) * interval '1 second' as at
) happened
cross join lateral (
  select
    case when k % 5 = 0 then 'Order Completed' when k % 7 = 0 then 'Email Opened' else 'Product Viewed' end as name,
    case when k % 5 = 0 then 'ORDER' when k % 7 = 0 then 'CAMPAIGN' else 'BROWSE' end as type,
    case when k % 7 = 0 then 'EMAIL' when k % 2 = 0 then 'WEB' else 'STORE' end as channel
) touch;

insert into lifecycle_transition (
  tenant_id, customer_id, model, effective_at, until_at, from_stage, to_stage, reason, facts, policy_version, cycle, recorded_at
)
select
  1, n, 'relationship', timestamptz '2026-02-20' - (n % 300 + 200 - k * 60) * interval '1 day',
  case when k < 2 then timestamptz '2026-02-20' - (n % 300 + 200 - (k + 1) * 60) * interval '1 day' else 'infinity' end,
  case k when 1 then 'NEW' when 2 then 'DEVELOPING' end, (array['NEW', 'DEVELOPING', 'LOYAL'])[k + 1], 'ORDER',
  '{"orderCount": 4}', '2026.1', 1, timestamptz '2026-02-20'
from generate_series(1, current_setting('bench.customers')::integer) n cross join generate_series(0, 2) k;

insert into lifecycle_clock (
  tenant_id, customer_id, effective_at, alert_at, lost_at, basis, order_count, cycle, policy_version, cause
)
select
  1, n, timestamptz '2026-02-20' - (n % 300 + 60 * k) * interval '1 day',
  timestamptz '2026-02-20' - (n % 300 + 60 * k - 90) * interval '1 day',
  timestamptz '2026-02-20' - (n % 300 + 60 * k - 180) * interval '1 day', 'OWN', 4 - k, 1, '2026.1', 'ORDER'
from generate_series(1, current_setting('bench.customers')::integer) n cross join generate_series(0, 3) k;

insert into purchase_journey (
  tenant_id, customer_id, started_at, first_event_id, ended_at, order_id, first_channel, last_channel, channels, touch_count,
  omnichannel, delivery_type, payment_method
)
select 1, customer_id, ordered_at - interval '5 days', id, ordered_at, id, 'EMAIL', channel, array['EMAIL', channel], 4, true,
  delivery_type, payment_method
from customer_order;

insert into customer_metrics (
  customer_id, tenant_id, computed_at, currency, order_count, placed_order_count, net_revenue_minor, average_basket_minor,
  p90_basket_minor, first_order_at, last_order_at, median_gap_days, p75_gap_days, days_to_second_purchase,
  returned_order_count, active_months, order_months, categories, preferences, channel_profile, acquisition, rfm,
  last_event_at, last_received_at
)
select
  customer_id, 1, timestamptz '2026-02-20', 'EUR', count(*), count(*), sum(total_minor), avg(total_minor)::bigint,
  max(total_minor), min(ordered_at), max(ordered_at), 60, 60, 60, 0, 4, array[664, 666, 668, 670], array['Garden', 'Home', 'Tools'],
  '{"channel": {"value": "WEB", "share": 0.61, "n": 4}, "store": {"value": "NTE1", "share": 1, "n": 2},
    "category": {"value": "Garden", "share": 0.5, "n": 4}, "payment": {"value": "card", "share": 1, "n": 4}, "delivery": null}',
  '{"recruitmentPath": [{"channel": "STORE", "firstUsedAt": "2025-06-01T00:00:00+00:00",
    "lastUsedAt": "2025-12-01T00:00:00+00:00", "orderCount": 2}, {"channel": "WEB",
    "firstUsedAt": "2025-08-01T00:00:00+00:00", "lastUsedAt": "2026-02-01T00:00:00+00:00", "orderCount": 2}]}',
  jsonb_build_object('at', min(ordered_at), 'orderId', min(id), 'channel', 'STORE', 'storeId', 'NTE1', 'firstCategory', 'Garden'),
  '{"recency": 4, "frequency": 3, "monetary": 5, "asOf": "2026-02-20T00:00:00+00:00"}', max(ordered_at), max(ordered_at)
from customer_order group by customer_id;

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
from generate_series(1, current_setting('bench.customers')::integer) n
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
from generate_series(1, current_setting('bench.customers')::integer) n cross join (values ('EMAIL'), ('SMS')) used (channel);

vacuum analyze;
