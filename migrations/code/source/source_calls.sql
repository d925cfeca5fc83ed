-- Calls as the read models see them. Columns that a look-up goes by stay raw, for the index: org, ids, phone, direction
-- and the instant of creation.
create or replace view prewarm.source_calls as
  select id, org_id, contact_id, vapi_call_id, phone_number, call_direction, left(status, 512) as status, duration_seconds,
         left(sentiment_label, 512) as sentiment_label,
         case when sentiment_score > -1e300 and sentiment_score < 1e300 then sentiment_score end as sentiment_score,
         left(summary, 4096) as summary, left(ended_reason, 512) as ended_reason, cost_cents, is_test_call,
         prewarm.instant(started_at) as started_at, prewarm.instant(ended_at) as ended_at, created_at
    from prewarm.read_calls() as (
           id uuid, org_id uuid, contact_id uuid, vapi_call_id text, phone_number text, call_direction text, status text,
           duration_seconds int, sentiment_label text, sentiment_score numeric, summary text, ended_reason text, cost_cents int,
           is_test_call boolean, started_at timestamptz, ended_at timestamptz, created_at timestamptz
         );
