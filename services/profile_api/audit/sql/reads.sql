-- The trail of tenant $1, the newest $5 reads first: of the person that customer $2 is a record of (null: of anybody), by
-- the caller $3 (null: by anybody), since $4 (null: ever).
select at, caller, roles, operation, trace_id, customers, read, withheld
from personal_data_read
where tenant_id = $1::integer
  and ($2::bigint is null or customers && array(
    select member.id
    from customer leaf
    join customer member on member.root_id = leaf.root_id
    where leaf.id = $2::bigint and leaf.tenant_id = $1::integer
  ))
  and ($3::text is null or caller = $3::text)
  and ($4::timestamptz is null or at >= $4::timestamptz)
order by at desc, id desc
limit $5::integer
