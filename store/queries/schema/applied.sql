-- store::migrate::applied
-- The migrations that a database has.
select version
  from prewarm.migrations
 where success
 order by version
