-- The triggers of the source tables. No read model shows agents or numbers: their changes make no rebuild.
call prewarm.watch('public.organizations', 'prewarm.mark_organizations_inserted', 'prewarm.mark_organizations_updated',
                   'prewarm.mark_organizations_deleted', 'prewarm.mark_truncated');
call prewarm.watch('public.contacts', 'prewarm.mark_new_contacts', 'prewarm.mark_contacts', 'prewarm.mark_contacts',
                   'prewarm.mark_truncated');
call prewarm.watch('public.calls', 'prewarm.mark_new_calls', 'prewarm.mark_calls', 'prewarm.mark_calls',
                   'prewarm.mark_truncated');
call prewarm.watch('public.appointments', 'prewarm.mark_new_appointments', 'prewarm.mark_appointments',
                   'prewarm.mark_appointments', 'prewarm.mark_truncated');
call prewarm.watch('public.agents', 'prewarm.mark_agents', 'prewarm.mark_agents', 'prewarm.mark_agents',
                   'prewarm.mark_agents');
call prewarm.watch('public.phone_numbers', 'prewarm.mark_agents_of_numbers', 'prewarm.mark_agents_of_numbers',
                   'prewarm.mark_agents_of_numbers', 'prewarm.mark_agents_of_numbers');

call prewarm.put_trigger('public.contacts', 'prewarm_erase', 'before delete on %s for each row', 'prewarm.erase_contact');
call prewarm.put_trigger('public.calls', 'prewarm_erase',
                         'after delete on %s referencing old table as old_rows for each statement', 'prewarm.erase_calls');
call prewarm.put_trigger('public.calls', 'prewarm_erase_truncated', 'after truncate on %s for each statement',
                         'prewarm.erase_truncated');
call prewarm.put_trigger('public.organizations', 'prewarm_erase',
                         'after delete on %s referencing old table as old_rows for each statement', 'prewarm.erase_orgs');
call prewarm.put_trigger('public.agents', 'prewarm_erase',
                         'after delete on %s referencing old table as old_rows for each statement', 'prewarm.erase_agents');
call prewarm.put_trigger('public.phone_numbers', 'prewarm_erase',
                         'after delete on %s referencing old table as old_rows for each statement', 'prewarm.erase_numbers');
