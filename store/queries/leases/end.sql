-- store::leases::end
-- Closes a lease after a rebuild that ended well.
-- $1 the start, $2 who holds it.
select prewarm.end_rebuild($1, $2)
