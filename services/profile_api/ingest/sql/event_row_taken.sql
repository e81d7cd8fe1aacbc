-- The calls that count; of those with one message id the first.
create or replace table event_row_taken as
select * from event_row
where problem is null
qualify row_number() over (partition by message_id order by row_number) = 1
