-- store::leases::end
-- Closes a lease after a rebuild that ended well.
-- $1 the hold.
select prewarm.end_rebuild($1)
