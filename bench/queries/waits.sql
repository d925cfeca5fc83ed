-- bench::rows::triggers
-- Sessions that wait for another's transaction, row or lock. What the server itself does for a moment, as when a table
-- grows, is not one of these. One row.
select count(*)
  from pg_locks
 where not granted
   and locktype not in ('extend', 'spectoken')
