-- Finds or makes the contacts of callers. prewarm.put_contact_writer gives it its body; a source that is only observed has this
-- one.
create or replace function prewarm.write_contacts(
  orgs uuid[], phones text[], digits text[], names text[], instants timestamptz[]
) returns table (org_id uuid, phone text, id uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the source is only observed' using errcode = 'object_not_in_prerequisite_state';
end $$;
