-- Refreshes the fleet's totals without locking out their readers. With the owner's rights: only an owner may refresh.
create or replace procedure prewarm.refresh_fleet_pulse()
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  refresh materialized view concurrently prewarm.fleet_pulse;
end $$;
