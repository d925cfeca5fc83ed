-- store::intake::write_call
-- Makes the row of a call show what is known of it. A row of another org stays as it is.
-- $1 org, $2 contact, $3 Vapi's id, $4 the customer's number, $5 direction (null: the agent's), $6 status, $7 duration in
-- seconds, $8 sentiment label, $9 score, $10 summary, $11 ended reason, $12 cents, $13 test call, $14 started, $15 ended,
-- $16 Vapi's id of the assistant.
insert into public.calls as held (
  org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label, sentiment_score,
  summary, ended_reason, cost_cents, is_test_call, started_at, ended_at
)
values (
  $1, $2, $3, $4,
  coalesce($5, (select call_direction from prewarm.source_agents where vapi_assistant_id = $16 order by id limit 1), 'inbound'),
  $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
)
    on conflict (vapi_call_id) do update
   set contact_id = coalesce(held.contact_id, excluded.contact_id),
       phone_number = coalesce(excluded.phone_number, held.phone_number),
       call_direction = coalesce($5, held.call_direction),
       status = coalesce(excluded.status, held.status),
       duration_seconds = coalesce(excluded.duration_seconds, held.duration_seconds),
       sentiment_label = coalesce(excluded.sentiment_label, held.sentiment_label),
       sentiment_score = coalesce(excluded.sentiment_score, held.sentiment_score),
       summary = coalesce(excluded.summary, held.summary),
       ended_reason = coalesce(excluded.ended_reason, held.ended_reason),
       cost_cents = coalesce(excluded.cost_cents, held.cost_cents),
       is_test_call = excluded.is_test_call or held.is_test_call,
       started_at = coalesce(excluded.started_at, held.started_at),
       ended_at = coalesce(excluded.ended_at, held.ended_at)
 where held.org_id = excluded.org_id
