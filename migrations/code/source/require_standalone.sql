-- Fails where the tables of the source are not those that Prewarm makes, before anything is written to them.
create or replace procedure prewarm.require_standalone()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not prewarm.is_standalone() then
    raise exception 'the source is not ours to write' using errcode = 'object_not_in_prerequisite_state';
  end if;
end $$;
