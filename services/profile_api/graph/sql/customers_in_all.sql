-- How many customers a list has: {rows} are its newest, at most one more than are counted one by one. Beyond that bound
-- as many as if they lay among all ids as densely as among those counted.
select
  case
    when count(*) <= {bound} then count(*)
    else least(
      round(
        count(*)::numeric * (max(counted.id) - (
          select min(every.id) from {table:customer} every where every.id = every.root_id
        ) + 1) / (max(counted.id) - min(counted.id) + 1)
      ),
      2147483647
    )::bigint
  end as total,
  count(*) <= {bound} as is_exact
from ({rows}) counted
