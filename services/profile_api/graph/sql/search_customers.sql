-- Persons that a text may mean, the surest first: by an identifier or order number as it is, or by their names.
-- Each word typed must equal, begin or nearly spell a word of the name.
select person.*, hit.matched_on, hit.score, hit.matched_value
from (
  select distinct on (found.root_id) found.root_id, found.matched_on, found.score, found.matched_value
  from (
    (
      select leaf.root_id, linked.type as matched_on, 1.0::double precision as score, linked.value as matched_value
      from {table:identity} linked
      join {table:customer} leaf on leaf.id = linked.customer_id
      where linked.value = any({arg:text:spellings})
      limit 50
    )
    union all
    (
      select leaf.root_id, 'ORDER_ID', 1.0::double precision, placed.order_key
      from {table:customer_order} placed
      join {table:customer} leaf on leaf.id = placed.customer_id
      where placed.order_key = any({arg:text:spellings})
      limit 50
    )
    union all
    (
      select named.id, 'NAME', named.score, null
      from (
        select
          candidate.id,
          (
            select round(avg(word_score.score)::numeric, 3)::double precision
            from unnest(name_words({arg:text:text})) as typed (word)
            cross join lateral (
              select max(case
                when own.word = typed.word then 0.95
                when own.word like typed.word || '%' then 0.85
                when exists (
                  select from word_keys(own.word, false) as own_key
                  join word_keys(typed.word, false) as typed_key on own_key = typed_key
                ) then 0.7
                else 0
              end) as score
              from unnest(name_words(concat_ws(' ', candidate.given_name, candidate.family_name))) as own (word)
            ) word_score
            having min(word_score.score) > 0
          ) as score
        from (
          select named_customer.*
          from customers_by_name_key({tenant}, (
            select array_agg({tenant}::text || ':' || key)
            from (
              select typed.word from unnest(name_words({arg:text:text})) as typed (word)
              order by length(typed.word) desc, typed.word limit 1
            ) longest
            cross join lateral (
              select key from word_keys(longest.word, false) as key
              union all
              select longest.word || '*' where length(longest.word) >= 2
            ) own_key (key)
          )) as keyed (id)
          join {table:customer} named_customer on named_customer.id = keyed.id
        ) candidate
      ) named
      where named.score is not null
    )
  ) found
  order by found.root_id, found.score desc, found.matched_on
) hit
join {table:customer} person on person.id = hit.root_id
order by hit.score desc, person.family_name, person.given_name, person.id
limit {arg:first:count}
