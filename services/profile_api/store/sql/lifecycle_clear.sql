-- Forgets the clocks of the ids $1, roots and absorbed members alike.
delete from lifecycle_clock where customer_id = any($1::bigint[])
