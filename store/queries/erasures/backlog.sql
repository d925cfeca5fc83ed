-- store::erasures::backlog
-- Counts owed erasures, the oldest first, up to some thousands. One row.
select count(*) as "erasures!",
       coalesce(extract(epoch from statement_timestamp() - min(requested_at))::float8, 0) as "oldest_seconds!"
  from (select requested_at from prewarm.erasures where done_at is null order by id limit 10000) owed
