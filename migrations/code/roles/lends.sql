-- Whether a routine that runs with its owner's rights lends them to a duty. All others run with the rights of their caller, and
-- anybody with a duty may call them. Trigger functions are called by none.
create or replace function prewarm.lends(routine text, duty text) returns boolean
language sql immutable
return case
  when routine in ('missing_grants', 'renew_installation', 'renew_if_behind', 'evict_former_holder', 'write_contacts',
                   'write_calls') then true
  when routine = 'save_agent' then duty = 'api'
  when routine in ('record_assistant', 'forget_hash', 'refresh_fleet_pulse') then duty = 'worker'
  else false
end;
