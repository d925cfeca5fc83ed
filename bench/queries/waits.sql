-- bench::rows::triggers
-- The number of sessions that wait for another session's transaction, row or lock. Short waits inside the server, as when a
-- table grows, do not count. One row.
select count(*)
  from pg_locks
 where not granted
   and locktype not in ('extend', 'spectoken')
