-- store::intake::lock
-- Serialises the transactions that name the same thing; held to their end.
-- $1 the thing.
select pg_advisory_xact_lock(hashtextextended($1, 0)) is null as "locked!"
