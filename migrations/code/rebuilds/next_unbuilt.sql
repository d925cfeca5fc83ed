-- The next org of the walk that has neither a version nor a lease, or null: a step looks at a thousand orgs. One worker
-- walks at a time. `more` says whether the walk goes on.
create or replace function prewarm.next_unbuilt(out org_id uuid, out more boolean)
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  here prewarm.backfill;
  seen uuid;
begin
  select * into here from prewarm.backfill b where b.next_org is not null for update skip locked;
  if not found then
    more := false;
    return;
  end if;
  with step as (
    select o.id,
           not exists (select from prewarm.versions v where v.org_id = o.id)
             and not exists (select from prewarm.leases l where l.org_id = o.id) as unbuilt
      from prewarm.source_organizations o
     where o.id >= here.next_org
     order by o.id
     limit 1000
  )
  select (select s.id from step s where s.unbuilt order by s.id limit 1),
         (select s.id from step s order by s.id desc limit 1)
    into org_id, seen;
  update prewarm.backfill
     set next_org = (select o.id
                       from prewarm.source_organizations o
                      where o.id > coalesce(next_unbuilt.org_id, seen)
                      order by o.id
                      limit 1)
  returning next_org is not null into more;
end $$;
