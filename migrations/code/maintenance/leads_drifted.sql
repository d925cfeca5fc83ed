-- Whether the leads that are kept of an org, or their totals, are other than the source has them.
create or replace function prewarm.leads_drifted(kept prewarm.maintained) returns boolean
language sql stable
begin atomic
  with wanted as materialized (
    select * from prewarm.leads_of(kept.org_id, kept.as_of, null)
  ),
  held as materialized (
    select * from prewarm.actionable_leads l where l.org_id = kept.org_id
  )
  select exists ((select * from wanted except select * from held) union all (select * from held except select * from wanted))
         or (
           select (coalesce(sum(l.estimated_value), 0), count(*) filter (where l.lead_temperature = 'hot'))
                  <> (kept.pipeline_total, kept.hot_leads)
             from held l
         );
end;
