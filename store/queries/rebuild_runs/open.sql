-- store::rebuild_runs::open
-- The unfinished run, or a new one, with the number of orgs that are done and of all. One row.
with unended as (
  select run, next_org
    from prewarm.rebuild_runs
   where finished_at is null
),
begun as (
  insert into prewarm.rebuild_runs (run)
  select nextval('prewarm.rebuild_run')
   where not exists (select from unended)
  returning run, next_org
),
opened as (
  select run, next_org, true as resumed from unended
  union all
  select run, next_org, false from begun
)
select run as "run!",
       next_org as "next_org!",
       resumed as "resumed!",
       (select count(*) from prewarm.source_organizations) as "total!",
       (select count(*) from prewarm.source_organizations where id < next_org) as "rebuilt!"
  from opened
