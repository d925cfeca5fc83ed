-- The part of a call that is erased; null for nothing. A number's tombstone covers the calls before it; a
-- later call makes a new caller.
create or replace function prewarm.erased_as(
  call text, org uuid, assistant text, number text, phone text, heard_at timestamptz
) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  erased text;
begin
  if not exists (select from prewarm.tombstones) then
    return null;
  end if;
  select min(t.kind) into erased
    from prewarm.tombstones t
   where t.hash = prewarm.tombstone_of('call ' || call)
      or (org is null and t.hash = prewarm.tombstone_of('assistant ' || assistant))
      or (org is null and t.hash = prewarm.tombstone_of('number ' || number));
  if erased is null and exists (
       select
         from prewarm.tombstones t
        where t.hash in (prewarm.tombstone_of('phone ' || org || ' ' || phone), prewarm.tombstone_of('phone * ' || phone))
          and t.made_at > coalesce(heard_at, statement_timestamp())
     )
  then
    return 'caller';
  end if;
  return erased;
end $$;
