-- store::leases::release
-- Gives a lease back: the org stays owed.
-- $1 the hold.
select prewarm.release_rebuild($1)
