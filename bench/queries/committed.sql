-- bench::rows::freshness
-- When transactions committed, in microseconds of the epoch, in their order.
-- $1 their ids.
select (extract(epoch from pg_xact_commit_timestamp(t.id::xid8::xid)) * 1000000)::bigint
  from unnest($1::text[]) with ordinality as t (id, place)
 order by t.place
