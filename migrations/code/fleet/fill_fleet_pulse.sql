-- Fills prewarm.fleet_pulse if it is new: REFRESH … CONCURRENTLY, which workers run, needs a populated view.
create or replace procedure prewarm.fill_fleet_pulse()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not (select c.relispopulated from pg_class c where c.oid = 'prewarm.fleet_pulse'::regclass) then
    refresh materialized view prewarm.fleet_pulse;
  end if;
end $$;
