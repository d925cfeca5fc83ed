-- The instants that marks name, directly or through appointments, which decide whether their contacts' calls succeeded.
create or replace function prewarm.touched_instants(org uuid) returns timestamptz[]
language plpgsql stable as $$
begin
  return array(
    select at from prewarm.marks m cross join unnest(m.instants) at where m.org_id = org and at is not null
    union
    select k.created_at
      from (select distinct id from prewarm.marks m cross join unnest(m.booked) id where m.org_id = org) one
     cross join lateral (
       select s.created_at
         from prewarm.source_calls s
        where s.contact_id = one.id
          and s.org_id is not distinct from org
       offset 0
     ) k
  );
end $$;
