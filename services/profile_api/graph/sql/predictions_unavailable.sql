-- The predictions that could not be made for the person: as the models said, or all of them when none was ever asked.
select missing ->> 'kind' as kind, missing ->> 'code' as code, missing ->> 'message' as message
from jsonb_array_elements({prediction}.figures -> 'unavailable') as missing
where {prediction}.figures is not null
union all
select kind, 'NOT_SCORED_YET', '{not_yet}'
from unnest(array['CHURN', 'NEXT_PURCHASE', 'VALUE']) as kind
where {prediction}.figures is null
