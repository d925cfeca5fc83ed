-- The privileges that an api and a worker need on our tables, views and sequences. A view is read with its owner's rights, so
-- each is named.
create or replace function prewarm.table_grants() returns table (duty text, privilege text, relations text[])
language sql immutable
begin atomic
  select l.duty, l.privilege, string_to_array(l.relations, ' ')
    from (
      values
        ('api', 'select', 'schema settings installation present_installation epoch source_drift workers marks agent_marks versions '
         'blobs leases dead_letters actionable_leads frequent_callers frequent_caller_bins sums maintained stretches events '
         'call_states erasures erasure_key tombstones assistants phone_mappings test_calls source_organizations source_contacts '
         'source_calls source_appointments source_agents source_phone_numbers'),
        ('api', 'insert', 'marks versions blobs leases actionable_leads frequent_callers frequent_caller_bins sums maintained '
         'events call_states test_calls'),
        ('api', 'update', 'versions blobs leases actionable_leads frequent_callers frequent_caller_bins sums maintained events '
         'call_states test_calls'),
        ('api', 'delete', 'marks versions blobs leases dead_letters actionable_leads frequent_callers sums maintained'),
        ('api', 'usage', 'jobs_id_seq'),
        ('worker', 'select', 'schema settings installation present_installation epoch source_faults source_drift attached_tables '
         'marks agent_marks versions blobs leases running_leases owed backfill actionable_leads frequent_callers '
         'frequent_caller_bins sums maintained stretches drift_walk fleet_pulse_made rebuild_runs rebuild_failures events '
         'call_states reconciliation erasures erasure_key tombstones jobs shown_jobs dead_letters workers cron_slots assistants '
         'agents_to_warm contested phone_mappings test_calls source_organizations source_contacts source_calls '
         'source_appointments source_agents source_phone_numbers'),
        ('worker', 'insert', 'source_faults source_drift attached_tables marks agent_marks versions blobs leases actionable_leads '
         'frequent_callers frequent_caller_bins sums maintained fleet_pulse_made rebuild_runs rebuild_failures events call_states '
         'reconciliation tombstones jobs dead_letters workers cron_slots assistants phone_mappings'),
        ('worker', 'update', 'attached_tables versions blobs leases backfill actionable_leads frequent_callers '
         'frequent_caller_bins sums maintained drift_walk fleet_pulse_made rebuild_runs rebuild_failures events call_states '
         'reconciliation erasures tombstones jobs dead_letters workers assistants phone_mappings test_calls'),
        ('worker', 'delete', 'source_faults source_drift attached_tables marks agent_marks versions blobs leases actionable_leads '
         'frequent_callers sums maintained rebuild_runs events call_states erasures tombstones jobs dead_letters workers '
         'cron_slots assistants test_calls'),
        ('worker', 'usage', 'jobs_id_seq rebuild_run')
    ) as l (duty, privilege, relations);
end;
