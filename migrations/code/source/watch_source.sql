-- Puts the triggers on the six standalone tables, and describes which parts of the read models a change of each affects. No
-- read model shows agents or numbers, so their changes cause no rebuild. Unused trigger functions are dropped.
create or replace procedure prewarm.watch_source()
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  deletes constant text := 'after delete on %s referencing old table as old_rows for each statement';
  unused  regprocedure;
begin
  call prewarm.watch('public.organizations', 'organizations', id => 'id', org => 'id');
  call prewarm.watch('public.contacts', 'contacts', id => 'id', org => 'org_id', contacts => 'id');
  call prewarm.watch('public.calls', 'calls', id => 'id', org => 'org_id', contacts => 'contact_id',
                     phones => 'phone_number', instants => 'created_at');
  call prewarm.watch('public.appointments', 'appointments', id => 'id', org => 'org_id', booked => 'contact_id',
                     instants => 'created_at');
  call prewarm.watch_agents('public.agents', 'agents', agent => 'id',
                            matter => 'org_id, call_direction, name, system_prompt, first_message, voice, model');
  call prewarm.watch_agents('public.phone_numbers', 'phone_numbers', agent => 'agent_id',
                            matter => 'id, org_id, vapi_phone_number_id');
  call prewarm.put_trigger('public.contacts', 'prewarm_erase', 'before delete on %s for each row', 'prewarm.erase_contact');
  call prewarm.put_trigger('public.calls', 'prewarm_erase_truncated', 'after truncate on %s for each statement',
                           'prewarm.erase_truncated');
  call prewarm.put_trigger('public.calls', 'prewarm_erase', deletes, 'prewarm.erase_calls');
  call prewarm.put_trigger('public.organizations', 'prewarm_erase', deletes, 'prewarm.erase_orgs');
  call prewarm.put_trigger('public.agents', 'prewarm_erase', deletes, 'prewarm.erase_agents');
  call prewarm.put_trigger('public.phone_numbers', 'prewarm_erase', deletes, 'prewarm.erase_numbers');
  for unused in
    select p.oid
      from pg_proc p
     where p.pronamespace = 'prewarm'::regnamespace
       and p.proname like 'mark\_%'
       and p.prorettype = 'trigger'::regtype
       and not exists (select from pg_trigger t where t.tgfoid = p.oid)
  loop
    execute format('drop function %s', unused);
  end loop;
end $$;
