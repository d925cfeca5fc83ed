-- bench::rows::freshness
-- The commit times of transactions, in microseconds since the epoch, in the order of the ids.
-- $1 their ids.
select (extract(epoch from pg_xact_commit_timestamp(t.id::xid8::xid)) * 1000000)::bigint
  from unnest($1::text[]) with ordinality as t (id, place)
 order by t.place
