-- Writes what is known of calls into their rows. prewarm.put_call_writer gives it its body; a source that is only observed has
-- this one.
create or replace function prewarm.write_calls(
  orgs uuid[], contacts uuid[], vapi_ids text[], numbers text[], directions text[], statuses text[], durations int[],
  labels text[], scores numeric[], summaries text[], reasons text[], cents int[], tests boolean[], starts timestamptz[],
  ends timestamptz[], assistants text[], instants timestamptz[]
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the source is only observed' using errcode = 'object_not_in_prerequisite_state';
end $$;
