-- store::leases::release
-- Gives a lease back: the org stays owed.
-- $1 the start, $2 who holds it.
select prewarm.release_lease($1, $2)
