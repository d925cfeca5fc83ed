-- The contacts whose leads marks have touched, by id and by number, and those whose urgency has fallen meanwhile.
create or replace function prewarm.touched_leads(org uuid, at timestamptz) returns uuid[]
language plpgsql stable as $$
begin
  return array(
    select id from prewarm.marks m cross join unnest(m.contacts) id where m.org_id = org and id is not null
    union
    select c.id
      from (
        select distinct phone from prewarm.marks m cross join unnest(m.phones) phone where m.org_id = org and phone is not null
      ) one
     cross join lateral (
       select s.id
         from prewarm.source_contacts s
        where s.org_id = org
          and s.phone between one.phone and one.phone
        order by s.phone
       offset 0
     ) c
    union
    select l.id
      from (
        select held.id
          from prewarm.actionable_leads held
         where held.org_id = org
           and held.urgency_until <= at
         order by held.urgency_until
        offset 0
      ) l
  );
end $$;
