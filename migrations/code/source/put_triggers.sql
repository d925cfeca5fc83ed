-- Puts our triggers on a table of the source, or on all of them. It waits for the table's writers, and they for it.
create or replace procedure prewarm.put_triggers(on_one regclass default null)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  wanted record;
begin
  for wanted in
    select * from prewarm.source_triggers() s where on_one is null or s.relation = on_one order by s.relation, s.name
  loop
    call prewarm.put_trigger(wanted.relation, wanted.name, wanted.fires, wanted.calls::regproc);
  end loop;
end $$;
