-- One row: the person's golden record at an earlier instant, by the rules of store/sql/golden_record.sql, from what each
-- source had stated by then. Sources are trusted as they are today.
left join lateral (
  with held as (
    {sql:records_held_then}
  ),
  stated as (
    select trait.key as name, trait.value, held.source, held.observed_at,
      row_number() over (
        partition by trait.key
        order by array_position({house}.source_trust, held.source), held.source = 'simulated', held.observed_at desc,
          held.source, held.source_key
      ) as standing
    from held
    cross join lateral jsonb_each(held.traits) as trait
    where trait.value not in ('null', '""')
  )
  select
    coalesce(jsonb_agg(
      jsonb_build_object('name', name, 'value', value, 'source', source, 'observedAt', observed_at) order by name
    ), '[]') as traits,
    max(value #>> '{}') filter (where name = 'given_name') as given_name,
    max(value #>> '{}') filter (where name = 'family_name') as family_name,
    max(value #>> '{}') filter (where name = 'age_band') as age_band,
    max(value #>> '{}') filter (where name = 'city') as city,
    max(value #>> '{}') filter (where name = 'postcode') as postcode,
    max(value #>> '{}') filter (where name = 'country') as country,
    max(value #>> '{}') filter (where name = 'locale') as locale
  from stated
  where standing = 1
) {self} on true
