-- store::leases::abandon
-- Gives back a lease under which nothing was done.
-- $1 the start, $2 who holds it.
select prewarm.abandon_lease($1, $2)
