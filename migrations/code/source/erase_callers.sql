-- Erases contacts, and the calls that name them or have one of these numbers, at an operator's request. The contacts are
-- deleted with their appointments; the calls lose their number and their summary. Returns how many rows, by place.
create or replace function prewarm.erase_callers(contacts uuid[], spellings text[], names text[], in_org uuid)
returns table (place text, removed bigint)
language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  theirs uuid[];
begin
  call prewarm.require_standalone();
  theirs := array(
    select c.id from public.calls c where c.contact_id = any (contacts)
    union
    select c.id
      from prewarm.source_organizations o
     cross join lateral (
       select id from public.calls where org_id = o.id and phone_number = any (spellings)
     ) c
     where in_org is null or o.id = in_org
  );
  perform prewarm.owe_caller(c.org_id, null, array_agg(c.vapi_call_id) filter (where c.vapi_call_id is not null), names)
     from public.calls c
    where c.id = any (theirs)
    group by c.org_id
   having count(c.vapi_call_id) > 0;
  perform prewarm.bury(names, 'caller');
  place := 'appointments';
  select count(*) into removed from public.appointments a where a.contact_id = any (contacts);
  return next;
  place := 'calls';
  update public.calls c set phone_number = null, summary = null, contact_id = null where c.id = any (theirs);
  get diagnostics removed = row_count;
  return next;
  place := 'contacts';
  delete from public.contacts c where c.id = any (contacts);
  get diagnostics removed = row_count;
  return next;
end $$;
