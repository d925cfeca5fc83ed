-- The rows of calls as the application has them. See prewarm.read_organizations.
create or replace function prewarm.read_calls()
returns table (
  id uuid, org_id uuid, contact_id uuid, vapi_call_id text, phone_number text, call_direction text, status text,
  duration_seconds int, sentiment_label text, sentiment_score numeric, summary text, ended_reason text, cost_cents int,
  is_test_call boolean, started_at timestamptz, ended_at timestamptz, created_at timestamptz
)
language sql stable as $$
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
         sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at
    from public.calls
$$;
