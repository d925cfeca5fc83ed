-- The phones of some contacts of an org but its frequent callers, each once; null where all are asked for.
create or replace function prewarm.phones_of(org uuid, touched uuid[]) returns text[]
language plpgsql stable as $$
begin
  if touched is null then
    return null;
  end if;
  return array(
    select distinct c.phone
      from prewarm.seldom_callers(org, touched) as one (id)
     cross join lateral (select s.phone from prewarm.source_contacts s where s.id = one.id limit 1) c
     where c.phone is not null
  );
end $$;
