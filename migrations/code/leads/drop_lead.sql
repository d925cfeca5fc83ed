-- Removes the lead of a contact outside a rebuild, and what it adds to its org's totals; returns whether there was one.
create or replace function prewarm.drop_lead(org uuid, contact uuid) returns boolean
language plpgsql as $$
declare
  gone prewarm.actionable_leads;
begin
  delete from prewarm.actionable_leads l where l.id = contact and l.org_id = org returning * into gone;
  update prewarm.maintained m
     set pipeline_total = m.pipeline_total - coalesce(gone.estimated_value, 0),
         hot_leads = m.hot_leads - (gone.lead_temperature = 'hot')::int
   where m.org_id = gone.org_id;
  return gone.id is not null;
end $$;
