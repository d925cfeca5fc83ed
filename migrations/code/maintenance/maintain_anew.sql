-- Makes all that is kept of an org anew, believing nothing that is held: everything is computed from the source, and
-- written where it differs.
create or replace procedure prewarm.maintain_anew(org uuid, at timestamptz)
language plpgsql as $$
begin
  delete from prewarm.frequent_callers f where f.org_id = org;
  perform prewarm.write_leads(org, at, null);
  call prewarm.make_sums(org);
  insert into prewarm.maintained (org_id, as_of, rebuilt_at, hours, leads, pipeline_total, hot_leads)
  select org, at, statement_timestamp(),
         (select count(*) from prewarm.sums s where s.org_id = org and s.level = 1),
         count(*), coalesce(sum(l.estimated_value), 0), count(*) filter (where l.lead_temperature = 'hot')
    from prewarm.actionable_leads l
   where l.org_id = org
      on conflict (org_id) do update
     set (as_of, rebuilt_at, hours, leads, pipeline_total, hot_leads)
       = (excluded.as_of, excluded.rebuilt_at, excluded.hours, excluded.leads, excluded.pipeline_total, excluded.hot_leads);
end $$;
