-- Answers to surveys (after a delivery, after a ticket, twice a year), product reviews, and referrals that bought.
create or replace table sim_feedback as
with asked as (
  select
    household_id, 'CSAT' as kind, 'delivery ' || basket_id as about, 'WEB' as channel, delivered_at + interval 26 hour as moment,
    4.4 - case when is_late then 1.8 else 0 end as level, 5 as top, 1 as bottom, 0.22 as answers, basket_id::varchar as order_key
  from sim_order where delivered_at is not null
  union all
  select household_id, 'CES', message_key, 'EMAIL', occurred_at + interval 5 hour,
    4.6 - case when is_late then 1.2 else 0 end, 7, 1, 0.3, order_key
  from sim_service where name = 'Ticket Closed'
  union all
  select household_id, 'NPS', 'half-year ' || half, 'EMAIL', history_start() + days(120 + 180 * half + 20 * chance(household_id, 'nps day')),
    7.2, 10, 0, 0.14, null
  from sim_household cross join range(2) as halves(half)
  where has_email and consents_to_email
),
answered as (
  select asked.*, contentment,
    -- Two draws make a bell-like spread around the level that suits the household.
    greatest(bottom, least(top, round(level + (contentment - 0.5) * (top - bottom) * 0.45
      + (chance(asked.household_id, asked.about) + chance(asked.about, asked.household_id::varchar) - 1) * (top - bottom) * 0.35)))::integer as score
  from asked join sim_household using (household_id)
  where chance(asked.household_id, 'answers ' || asked.about) < answers and moment >= first_at
),
review as (
  select sim_order.household_id, basket_id, channel, ordered_at + days(2 + 6 * chance(basket_id, 'review at')) as moment,
    products[1] as product_id, greatest(1, least(5, round(2.4 + 2 * contentment + 1.6 * chance(basket_id, 'rating'))))::integer as rating
  from sim_order join sim_household using (household_id)
  where digital <> 'NONE' and chance(basket_id, 'reviews') < 0.004
),
referral as (
  select household_id, first_at + days(60 + 240 * chance(household_id, 'referral at')) as moment
  from sim_household
  where contentment > 0.75 and chance(household_id, 'refers') < 0.12
)
select household_id, 'Survey Answered' as name, channel, moment as occurred_at, 'survey ' || household_id || ' ' || about as message_key,
  order_key, json_object('kind', kind, 'score', score, 'about', about) as properties
from answered where moment < history_end()
union all
select household_id, 'Product Reviewed', case channel when 'STORE' then 'WEB' else channel end, moment, 'review ' || basket_id,
  basket_id::varchar, json_object('product_id', product_id::varchar, 'review_id', 'R-' || basket_id, 'rating', rating::varchar)
from review where moment < history_end()
union all
select household_id, 'Referral Converted', 'WEB', moment, 'referral ' || household_id, null, json_object()
from referral where moment < history_end();
