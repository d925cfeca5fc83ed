-- store::migrate::step::holders
-- Sessions that hold what a session ($1, its pid) waits for, in words. Of a statement only the first word is told: the rest
-- may quote a row.
select concat(
         'pid ', holder.pid,
         ' (' || nullif(a.application_name, '') || ')',
         ', in a transaction since ' || to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         ': ' || upper(substring(a.query from '^\s*(\w+)'))
       ) as "words!"
  from unnest(pg_blocking_pids($1)) as holder (pid)
  left join pg_stat_activity a on a.pid = holder.pid
 order by holder.pid
