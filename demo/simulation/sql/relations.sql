-- Puts what was drawn into the relations of an import, at the instants the data set was moved to.
insert into person_fact by name
select
  'USER_ID' as identity_type, household_id::varchar as identity_value, 'simulated' as source,
  household_id::varchar as source_key, moved(observed_at) as observed_at, moved(observed_at) as received_at,
  json_object('given_name', given_name, 'family_name', family_name, 'city', city, 'postcode', postcode,
    'country', country, 'locale', locale)::varchar as traits
from sim_person;

create or replace table identity_fact as
with identity as (
  unpivot (
    select household_id, moved(observed_at) as linked_at, email as "EMAIL", phone as "PHONE",
      loyalty_card as "LOYALTY_CARD", anonymous_id as "ANONYMOUS_ID", device_id as "DEVICE_ID"
    from sim_person
  )
  on "EMAIL", "PHONE", "LOYALTY_CARD", "ANONYMOUS_ID", "DEVICE_ID" into name type value value
)
select 'USER_ID' as owner_type, household_id::varchar as owner_value, type, value, 'simulated' as source, linked_at
from identity;

insert into touchpoint_fact by name
select
  'simulated:' || message_key as message_id, 'USER_ID' as identity_type, household_id::varchar as identity_value, name,
  channel, moved(date_trunc('second', occurred_at)) as occurred_at,
  moved(date_trunc('second', received_at)) as received_at, store_id, campaign, device, order_key,
  'simulated' as source, properties::varchar as properties
from sim_touchpoint;

create or replace table consent_fact as
select
  'USER_ID' as identity_type, household_id::varchar as identity_value, purpose, channel, status, proof,
  'simulated' as source, moved(effective_at) as effective_at, moved(effective_at) as recorded_at
from sim_consent;

update order_fact
set channel = sim_order.channel, delivery_type = sim_order.delivery_type, payment_method = sim_order.payment_method,
  delivered_at = moved(sim_order.delivered_at),
  properties = json_object('simulated', ['channel', 'delivery_type', 'payment_method', 'delivered_at'])::varchar
from sim_order
where order_fact.order_key = sim_order.basket_id::varchar;
