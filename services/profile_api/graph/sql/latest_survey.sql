-- One row: the person's latest answer to each kind of survey as {"NPS": {"score", "answeredAt", "about"}, …}.
left join lateral (
  select jsonb_object_agg(kind, answer) as answers
  from (
    select distinct on (survey.properties ->> 'kind')
      survey.properties ->> 'kind' as kind,
      jsonb_build_object(
        'score', survey.properties ->> 'score', 'answeredAt', survey.occurred_at, 'about', survey.properties ->> 'about',
        'channel', survey.channel
      ) as answer
    from {members} member
    join {table:event} survey on survey.customer_id = member.id
    where survey.type in ('FEEDBACK', 'SERVICE', 'OTHER') and survey.type = 'FEEDBACK'
      and survey.name = 'Survey Answered'
      and survey.properties ->> 'score' ~ '^-?[0-9]+(\.[0-9]+)?$'
      and survey.occurred_at <= {as_of}{known:survey.received_at}
    order by survey.properties ->> 'kind', survey.occurred_at desc, survey.id desc
  ) latest
) {self} on true
