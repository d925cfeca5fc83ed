-- store::queue::board::workers
-- The hundred that were heard of last.
-- $1 queue or null for all.
select name, queue, started_at as "started_at: PgTime", seen_at as "seen_at: PgTime"
  from prewarm.workers
 where $1::text is null
    or queue = $1
 order by seen_at desc, name
 limit 100
