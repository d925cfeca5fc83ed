-- The rows of calls as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_calls()
returns setof record
language sql stable as $$
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
         sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at
    from public.calls
$$;
