-- Goes on through all orgs in search of some that were never built, and makes jobs for them; returns how many. It stops at
-- a hundred found or a thousand seen, since a million waiting jobs would slow down every claim.
create or replace function prewarm.backfill_next() returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  with step as (
    -- An org with a lease is being built.
    select o.id,
           v.org_id is null
             and not exists (select from prewarm.running_leases l where l.org_id = o.id) as unbuilt
      from prewarm.source_organizations o
      left join prewarm.versions v on v.org_id = o.id
     where o.id >= (select b.next_org from prewarm.backfill b)
     order by o.id
     limit 1000
  ),
  found as (
    select id from step where unbuilt order by id limit 100
  ),
  -- The org at which the next step begins: the one after the hundredth found, or after the last seen.
  rest as (
    select id
      from prewarm.source_organizations
     where id > (select case when (select count(*) from found) = 100 then (select id from found order by id desc limit 1)
                             else (select id from step order by id desc limit 1) end)
     order by id
     limit 1
  ),
  walked as (
    update prewarm.backfill set next_org = (select id from rest)
  )
  select prewarm.push_rebuilds(array(select id from found), -1) into pushed;
  return pushed;
end $$;
