-- Makes the trigger functions, and says which parts of the read models a change of each source affects. No read model shows
-- agents or numbers, so their changes cause no rebuild.
create or replace procedure prewarm.make_markers()
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.watch('organizations', org => 'id');
  call prewarm.watch('contacts', org => 'org_id', contacts => 'id');
  call prewarm.watch('calls', org => 'org_id', contacts => 'contact_id', phones => 'phone_number', instants => 'created_at');
  call prewarm.watch('appointments', org => 'org_id', booked => 'contact_id', instants => 'created_at');
  call prewarm.watch_agents('agents', agent => 'id');
  call prewarm.watch_agents('phone_numbers', agent => 'agent_id');
end $$;
