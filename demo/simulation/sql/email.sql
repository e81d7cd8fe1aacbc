-- E-mails: one per campaign a household took part in, and a monthly letter. Some are opened, fewer clicked; a few
-- households unsubscribe and get nothing more.
create or replace table sim_email as
with mailing as (
  select
    campaigns.household_id, 'campaign ' || campaigns.campaign_id as mailing,
    campaign_descriptions.campaign_type as subject, campaign_descriptions.start_date + interval 14 hour as sent_at
  from campaigns
  join campaign_descriptions using (campaign_id)
  union all
  select household_id, 'letter ' || month, 'Monthly letter', history_start()::date + interval (month) month + interval 3 day + interval 15 hour
  from sim_household
  cross join range(12) as months(month)
),
sent as (
  select
    mailing.*, sent_at + minutes(90 * chance(mailing.household_id, mailing.mailing)) as occurred_at,
    mail_interest, chance(mailing.household_id, 'unsubscribe ' || mailing.mailing) < 0.004 as unsubscribes
  from mailing
  join sim_household using (household_id)
  where has_email and consents_to_email and sent_at >= first_at and sent_at < history_end() - interval 1 day
),
kept as (
  select *
  from sent
  qualify coalesce(max(unsubscribes::integer) over (
    partition by household_id order by occurred_at rows between unbounded preceding and 1 preceding), 0) = 0
),
reaction as (
  select
    *, occurred_at + hours(0.2 + 30 * pow(chance(household_id, 'opens at ' || mailing), 3)) as opened_at,
    chance(household_id, 'opens ' || mailing) < 0.12 + 0.4 * mail_interest or unsubscribes as opens,
    chance(household_id, 'clicks ' || mailing) < 0.05 + 0.2 * mail_interest as clicks
  from kept
),
step as (
  select *, 'Email Delivered' as name, occurred_at as moment from reaction
  union all select *, 'Email Opened', opened_at from reaction where opens
  union all select *, 'Email Link Clicked', opened_at + interval 1 minute from reaction where opens and clicks
  union all select *, 'Unsubscribed', opened_at + interval 2 minute from reaction where unsubscribes
)
select
  household_id, name, 'EMAIL' as channel, moment as occurred_at, mailing as campaign,
  'mail ' || household_id || ' ' || mailing || ' ' || name as message_key,
  json_object('campaign_id', mailing, 'email_subject', subject) as properties
from step
where moment < history_end();
