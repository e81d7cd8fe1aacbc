-- Every member of the persons to whom the ids $2 of the tenant $1 belong.
select member.id, member.root_id
from customer touched
join customer member on member.root_id = touched.root_id
where touched.id = any($2::bigint[]) and touched.tenant_id = $1::integer
