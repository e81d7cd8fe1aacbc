-- One row per cutoff and customer known then: somebody with at least one order that had occurred and was received before.
select
  feature_member.customer_id, cutoff.as_of, cutoff.local_day, cutoff.local_month, cutoff.year_day
from cutoff
join feature_member on feature_member.known_at < cutoff.as_of and feature_member.until_at >= cutoff.as_of
join (
  select member_id, min(greatest(occurred_at, received_at)) as known_at
  from feature_order
  group by member_id
) as first_order
  on first_order.member_id = feature_member.member_id and first_order.known_at < cutoff.as_of
group by all
order by cutoff.as_of, feature_member.customer_id
