-- Makes all leads of an org equal to the definition at an instant, and the sums of their buckets.
create or replace procedure prewarm.make_leads(org uuid, at timestamptz)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set enable_sort = on as $$
begin
  delete from prewarm.actionable_leads l
   where l.id = any (
           array(
             select held.id from prewarm.actionable_leads held where held.org_id = org
             except
             select c.id from prewarm.contacts_of_leads(org, null) c
           )
         );
  call prewarm.put_leads(org, at, null);

  -- ON CONFLICT doubles the cost of a row.
  if not exists (select from prewarm.lead_sums s where s.org_id = org) then
    insert into prewarm.lead_sums select * from prewarm.lead_sums_of(org);
    return;
  end if;
  with wanted as materialized (
    select * from prewarm.lead_sums_of(org)
  ),
  gone as (
    delete from prewarm.lead_sums s
     where s.org_id = org
       and (s.level, s.bucket) not in (select level, bucket from wanted)
  )
  insert into prewarm.lead_sums
  select * from wanted except select s.* from prewarm.lead_sums s where s.org_id = org
      on conflict (org_id, level, bucket) do update
     set (pipeline_total, hot_leads) = (excluded.pipeline_total, excluded.hot_leads);
end $$;
