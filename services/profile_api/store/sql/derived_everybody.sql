-- Every customer of the tenant $1 with the root it belongs to.
select id, root_id from customer where tenant_id = $1::integer
