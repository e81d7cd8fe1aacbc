-- The next $3 customers (roots) of tenant $1 after customer $2, by id.
select id
from customer
where tenant_id = $1::integer
  and root_id = id
  and id > $2::bigint
order by id
limit $3::integer
