-- Writes what is known of calls into their rows. A row of another org stays as it is. The arrays run side by side, each of
-- Vapi's ids once. A null direction means the agent's, a null instant means now.
create or replace function prewarm.write_calls(
  orgs uuid[], contacts uuid[], vapi_ids text[], numbers text[], directions text[], statuses text[], durations int[],
  labels text[], scores numeric[], summaries text[], reasons text[], cents int[], tests boolean[], starts timestamptz[],
  ends timestamptz[], assistants text[], instants timestamptz[]
) returns void
language plpgsql as $$
begin
  with told as (
    select *
      from unnest(
             orgs, contacts, vapi_ids, numbers, directions, statuses, durations, labels, scores, summaries, reasons, cents,
             tests, starts, ends, assistants, instants
           ) as told (
             org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label,
             sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, assistant_id,
             created_at
           )
  )
  insert into public.calls as held (
    org_id, contact_id, vapi_call_id, phone_number, call_direction, status, duration_seconds, sentiment_label, sentiment_score,
    summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, created_at
  )
  select org_id, contact_id, vapi_call_id, phone_number,
         coalesce(
           call_direction,
           (select a.call_direction
              from prewarm.source_agents a
             where a.vapi_assistant_id = told.assistant_id
             order by a.id
             limit 1),
           'inbound'
         ),
         status, duration_seconds, sentiment_label, sentiment_score, summary, ended_reason, cost_cents, is_test_call,
         started_at, ended_at, coalesce(created_at, now())
    from told
      on conflict (vapi_call_id) do update
     set contact_id = coalesce(held.contact_id, excluded.contact_id),
         phone_number = coalesce(excluded.phone_number, held.phone_number),
         -- Not the excluded row's: that may be the agent's.
         call_direction = coalesce(
           (select told.call_direction from told where told.vapi_call_id = excluded.vapi_call_id),
           held.call_direction
         ),
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
   where held.org_id = excluded.org_id;
end $$;
