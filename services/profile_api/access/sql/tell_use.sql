-- Takes what this process saw callers use out of their buckets, which fill up by the minute, and answers with what is
-- left in them. Rows are locked in one order, so that processes that tell of the same callers never wait in a circle.
with mine as (
  select quota, tenant_id, subject, used, per_minute
  from unnest($1::text[], $2::bigint[], $3::text[], $4::double precision[], $5::double precision[])
    as mine (quota, tenant_id, subject, used, per_minute)
  join tenant on tenant.id = mine.tenant_id
  order by tenant_id, subject, quota
),
told as (
  insert into allowance_left as known (quota, tenant_id, subject, level, per_minute, told_at)
  select quota, tenant_id, subject, per_minute - used, per_minute, now() from mine
  on conflict (tenant_id, subject, quota) do update set
    level = excluded.level - excluded.per_minute + least(
      excluded.per_minute,
      known.level + excluded.per_minute / 60 * extract(epoch from now() - known.told_at)::double precision
    ),
    per_minute = excluded.per_minute,
    told_at = now()
  returning quota, tenant_id, subject, level
)
select quota, tenant_id, subject, mine.used, told.level from told join mine using (quota, tenant_id, subject)
