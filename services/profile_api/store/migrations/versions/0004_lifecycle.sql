-- What the lifecycle engine keeps beside the first layout, and the two computations plain SQL is slow at.

alter table lifecycle_clock
  add column cause text not null,            -- the fact that moved the clock: IDENTIFIED, ORDER, ORDER_INVALIDATED, ACCOUNT_CLOSED
  add column last_order_at timestamptz,
  add column loyal_until timestamptz,        -- null: too few orders; infinity: loyal by their number
  add column won_back_until timestamptz,
  add column closed boolean not null default false;

alter table purchase_journey
  add column first_event_id bigint not null,
  drop constraint purchase_journey_pkey,
  add primary key (customer_id, started_at, first_event_id);

-- placed_order_count: valid when placed, cancelled later or not; order_months: local months (since 1970-01) with a valid
-- order, oldest first.
alter table customer_metrics
  add column placed_order_count integer not null default 0,
  add column order_months integer[] not null default '{}';

-- Surveys, reviews, recommendations, account closures: rare among a customer's events, looked up on every change.
create index event_signal on event (customer_id, occurred_at, id) where type in ('FEEDBACK', 'SERVICE', 'OTHER');

-- For each n >= first_count: the nearest-rank percentiles of the first n gaps. One sorted insertion per gap.
create function expanding_percentiles(gaps integer[], first_count integer, low_percent integer, high_percent integer)
returns table (gap_count integer, low integer, high integer)
language plpgsql immutable parallel safe as $$
declare
  sorted integer[] := '{}';
  gap integer;
  place integer;
begin
  gap_count := 0;
  foreach gap in array gaps loop
    place := width_bucket(gap, sorted);  -- how many are not greater
    sorted := sorted[:place] || gap || sorted[place + 1:];
    gap_count := gap_count + 1;
    if gap_count >= first_count then
      low := sorted[(low_percent * gap_count + 99) / 100];
      high := sorted[(high_percent * gap_count + 99) / 100];
      return next;
    end if;
  end loop;
end
$$;

-- The last order that won the customer back: none counts until the previous one no longer does, unless after a closure.
create function later_win_back(won_back_at timestamptz, candidate_at timestamptz, after_closure boolean, lasting interval)
returns timestamptz
language sql immutable parallel safe as $$
  select case
    when after_closure or candidate_at > coalesce(won_back_at + lasting, '-infinity') then candidate_at
    else won_back_at
  end
$$;

create aggregate last_win_back(timestamptz, boolean, interval) (sfunc = later_win_back, stype = timestamptz);
