-- store::intake::lock
-- Locks names until the end of the transaction, in one order, so that two transactions never deadlock.
-- $1 names.
select pg_advisory_xact_lock(key) is null as "locked!"
  from (select distinct hashtextextended(thing, 0) as key from unnest($1::text[]) as thing order by key) as keys
