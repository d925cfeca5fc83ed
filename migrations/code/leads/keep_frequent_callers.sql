-- The frequent callers among some contacts of an org. No longer keeps those whose number has changed, nor any where more
-- seconds are touched than this serves for: their calls are read again.
create or replace function prewarm.keep_frequent_callers(org uuid, touched uuid[], seconds timestamptz[]) returns uuid[]
language plpgsql as $$
declare
  callers constant uuid[] := array(
    select f.contact_id from prewarm.frequent_callers f where f.contact_id = any (touched) and f.org_id is not distinct from org
  );
begin
  if cardinality(callers) = 0 then
    return callers;
  end if;
  delete from prewarm.frequent_callers f
   where f.contact_id = any (callers)
     and (
       cardinality(callers) * cardinality(seconds) > prewarm.frequent_from()
       or (
         select (l.org_id, l.phone_number) is not distinct from (org, c.phone)
           from prewarm.actionable_leads l
          cross join lateral (
            select s.phone from prewarm.source_contacts s where s.id = l.id and s.org_id is not distinct from org limit 1
          ) c
          where l.id = f.contact_id
       ) is not true
     );
  return array(select f.contact_id from prewarm.frequent_callers f where f.contact_id = any (callers));
end $$;
