-- The leads that are held of an org: of some contacts, or without a list all.
create or replace function prewarm.held_leads(org uuid, touched uuid[]) returns setof prewarm.actionable_leads
language plpgsql stable as $$
begin
  if touched is null then
    return query select * from prewarm.actionable_leads l where l.org_id = org;
  else
    return query
    select held.*
      from unnest(touched) as one (id)
     cross join lateral (
       select * from prewarm.actionable_leads l where l.id = one.id and l.org_id is not distinct from org limit 1
     ) held;
  end if;
end $$;
