-- What people did: calls that say who somebody is, or what they consent to, are no touchpoints.
create or replace table touchpoint_fact as
select message_id, identity_type, identity_value, name, channel, occurred_at, received_at, store_id, campaign, device,
  order_key, $source as source, cast(properties as varchar) as properties
from event_row_taken
where kind <> 'identify' and name <> 'Segment Consent Preference Updated'
