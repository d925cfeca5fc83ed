-- Attaches the tables of a map, or attaches them again. Changes may have been missed before: every org and every agent is
-- marked.
create or replace procedure prewarm.attach(map jsonb)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.lay_out(attach.map);
  call prewarm.lock_tables();
  call prewarm.put_triggers();
  call prewarm.drop_unused();
  call prewarm.note_tables();
  call prewarm.mark_everything();
  perform prewarm.look_at_source();
end $$;
