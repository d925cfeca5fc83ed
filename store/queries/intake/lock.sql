-- store::intake::lock
-- Serialises the transactions that name the same things; held to their end. Locked in one order, so that nobody waits in
-- a circle.
-- $1 the things.
select pg_advisory_xact_lock(key) is null as "locked!"
  from (select distinct hashtextextended(thing, 0) as key from unnest($1::text[]) as thing order by key) as keys
