-- Reads the six standalone tables: the columns of each, as the views prewarm.source_… name them.
call prewarm.read('organizations', 'public.organizations', 'id, name, timezone');
call prewarm.read('contacts', 'public.contacts',
                  'id, org_id, name, phone, email, lead_score, lead_status, service_interests, estimated_value,
                   last_contact_at, created_at');
call prewarm.read('calls', 'public.calls',
                  'id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds,
                   sentiment_label, sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at,
                   ended_at, created_at');
call prewarm.read('appointments', 'public.appointments',
                  'id, org_id, contact_id, service_type, scheduled_at, status, created_at');
call prewarm.read('agents', 'public.agents',
                  'id, org_id, call_direction, name, system_prompt, first_message, voice, model, vapi_assistant_id,
                   config_hash');
call prewarm.read('phone_numbers', 'public.phone_numbers', 'id, org_id, phone_number, vapi_phone_number_id, agent_id');
