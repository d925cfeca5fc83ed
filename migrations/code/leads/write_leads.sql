-- Makes prewarm.actionable_leads equal to the definition at an instant for some contacts of an org, and writes only
-- what differs.
create or replace procedure prewarm.write_leads(org uuid, at timestamptz, touched uuid[])
language plpgsql as $$
begin
  delete from prewarm.actionable_leads held
   where held.id = any(touched)
     -- Not `=`: the key finds the rows, and no other index is to be thought of.
     and held.org_id is not distinct from org
     -- Asked of the source, by its key: a join with what is wanted could be planned for ten and run for ten thousand.
     and (select prewarm.is_actionable(c.lead_status) and c.org_id = org
            from prewarm.source_contacts c
           where c.id = held.id) is not true;
  call prewarm.put_leads(org, at, touched);
end $$;
