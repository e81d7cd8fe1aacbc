-- Search over names that forgives a typing error: the keys of a word are itself, itself without one letter, and its
-- beginnings. Two words with a key in common are at most two edits apart, and a key is rare, so its index is short.

create function name_words(name text) returns text[]
language sql immutable parallel safe strict as $$
  select coalesce(array_agg(left(word, 12) order by place), '{}')
  from regexp_split_to_table(
    regexp_replace(
      replace(replace(replace(replace(normalize(lower(name), NFD), 'ß', 'ss'), 'ø', 'o'), 'œ', 'oe'), 'æ', 'ae'),
      '[\u0300-\u036f''’]', '', 'g'
    ),
    '[^[:alnum:]]+'
  ) with ordinality as split (word, place)
  where word <> ''
$$;

create function word_keys(word text, with_beginnings boolean) returns setof text
language sql immutable parallel safe strict as $$
  select word
  union
  select left(word, place - 1) || substr(word, place + 1)
  from generate_series(1, length(word)) as place
  where length(word) >= 4
  union
  select left(word, size) || '*'
  from generate_series(2, length(word)) as size
  where with_beginnings
$$;

create function name_keys(tenant integer, name text) returns text[]
language sql immutable parallel safe strict as $$
  select coalesce(array_agg(distinct tenant::text || ':' || key), '{}')
  from unnest(name_words(name)) as word
  cross join lateral word_keys(word, true) as key
$$;

alter table customer add column name_keys text[] not null
  generated always as (name_keys(tenant_id, coalesce(given_name, '') || ' ' || coalesce(family_name, ''))) stored;
create index customer_name_keys on customer using gin (name_keys) where id = root_id;

-- The models behind the stored predictions are found by hopping from one set of models to the next.
create index latest_prediction_model_set on latest_prediction (tenant_id, model_set);

