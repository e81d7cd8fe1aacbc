-- The calls that were not taken, by their line or row number, and why.
create or replace table event_reject as
select row_number, problem as reason from event_row where problem is not null order by row_number
