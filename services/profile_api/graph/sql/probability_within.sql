-- P(order within that many days), read off the stored distribution: straight between its points, from (0, 0) on, as at
-- its end beyond it. Days and probabilities ascend, so the points on either side are found without sorting.
select case
  when beside.upper_day is null then beside.last_probability
  else beside.lower_probability + (beside.upper_probability - beside.lower_probability)
    * coalesce(({arg:days:days} - beside.lower_day) / nullif(beside.upper_day - beside.lower_day, 0), 1)
end
from (
  select
    coalesce(max(point.day) filter (where point.day < {arg:days:days}), 0) as lower_day,
    coalesce(max(point.probability) filter (where point.day < {arg:days:days}), 0) as lower_probability,
    min(point.day) filter (where point.day >= {arg:days:days}) as upper_day,
    min(point.probability) filter (where point.day >= {arg:days:days}) as upper_probability,
    max(point.probability) as last_probability
  from (
    select told.day::double precision as day, told.probability::double precision as probability
    from (select {prediction}.answer -> 'next_purchase' as curve offset 0) answered
    cross join lateral rows from (
      jsonb_array_elements_text(answered.curve -> 'days'),
      jsonb_array_elements_text(answered.curve -> 'probability')
    ) as told (day, probability)
  ) point
) beside
