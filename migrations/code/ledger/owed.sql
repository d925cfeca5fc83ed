-- The orgs that are owed a rebuild, read from committed rows alone. An org whose lease runs is left out: it is being rebuilt,
-- or backs off.
-- The recursive part skips from org to org through the index, so that a million marks of one org cost one look.
create or replace view prewarm.owed as
  with recursive marked as (
    (select org_id from prewarm.marks order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  ),
  reasons as (
    select org_id, 'marks' as reason
      from marked
     where org_id is not null
    union all
    select org_id, 'deadline'
      from prewarm.versions
     where next_change_at <= statement_timestamp()
    union all
    -- Its version may not have been published.
    select org_id, 'unfinished'
      from prewarm.leases
    union all
    -- A version that was committed since this statement began is no sign of anything.
    select org_id, 'clock'
      from prewarm.versions
     where as_of > statement_timestamp() + interval '1 second'
  )
  select r.org_id, r.reason
    from reasons r
   where not exists (select from prewarm.running_leases l where l.org_id = r.org_id);
