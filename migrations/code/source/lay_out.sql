-- Records a map, and makes what reads its tables, the trigger functions, and what writes them. Locks none of the tables.
create or replace procedure prewarm.lay_out(map jsonb)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update prewarm.schema s set map = lay_out.map where s.map is distinct from lay_out.map;
  call prewarm.put_readers();
  call prewarm.make_markers();
  if prewarm.takes_webhooks() then
    call prewarm.make_writers();
    call prewarm.make_erasers();
  end if;
end $$;
