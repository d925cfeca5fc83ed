-- The contacts of an org that are leads: some, or without a list all.
create or replace function prewarm.contacts_of_leads(org uuid, touched uuid[]) returns setof prewarm.source_contacts
language plpgsql stable as $$
begin
  if touched is null then
    return query
    select *
      from prewarm.source_contacts c
     where c.org_id = org
       and c.is_actionable;
  else
    return query
    select c.*
      from unnest(touched) as one (id)
     cross join lateral (
       select *
         from prewarm.source_contacts s
        where s.id = one.id
          and s.org_id is not distinct from org
          and s.is_actionable
        limit 1
     ) c;
  end if;
end $$;
