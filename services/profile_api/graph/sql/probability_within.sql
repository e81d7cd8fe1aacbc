-- P(order within that many days), read off the stored distribution: straight between its points, from (0, 0) on.
select coalesce(
  (
    select
      (lower.probability + (upper.probability - lower.probability)
        * ({arg:days:days} - lower.day) / nullif(upper.day - lower.day, 0))
    from (
      select point.day, point.probability, lag(point.day, 1, 0) over run as day_before,
        lag(point.probability, 1, 0) over run as probability_before
      from (
        select day.value::text::double precision as day, probability.value::text::double precision as probability,
          day.place
        from jsonb_array_elements({prediction}.answer -> 'next_purchase' -> 'days') with ordinality as day (value, place)
        join jsonb_array_elements({prediction}.answer -> 'next_purchase' -> 'probability') with ordinality
          as probability (value, place) using (place)
      ) point
      window run as (order by point.place)
    ) upper
    cross join lateral (select upper.day_before as day, upper.probability_before as probability) lower
    where upper.day >= {arg:days:days}
    order by upper.day
    limit 1
  ),
  ({prediction}.answer -> 'next_purchase' -> 'probability' ->> -1)::double precision
)
