-- Makes prewarm.write_calls(), which writes what is known of calls into their rows, as [writes.calls] of the map names their
-- columns. A row of another org stays as it is. The arrays run side by side, each of Vapi's ids once. A null direction means
-- the agent's, a null instant means now.
create or replace procedure prewarm.put_call_writer(named text, vapi_id text, org text, writes jsonb)
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  columns constant text := (select string_agg(format('%I', key), ', ' order by key) from jsonb_each_text(writes));
  made    constant text := (select string_agg(value, ', ' order by key) from jsonb_each_text(writes));
  merged  constant text := coalesce('do update set ' || prewarm.merged_calls(vapi_id, writes)
                                    || format(' where held.%1$s = excluded.%1$s', org), 'do nothing');
begin
  execute format($make$
    create or replace function prewarm.write_calls(
      orgs uuid[], contacts uuid[], vapi_ids text[], numbers text[], directions text[], statuses text[], durations int[],
      labels text[], scores numeric[], summaries text[], reasons text[], cents int[], tests boolean[], starts timestamptz[],
      ends timestamptz[], assistants text[], instants timestamptz[]
    ) returns void
    language plpgsql security definer set search_path = %6$s as $writer$
    begin
      call prewarm.refuse_temporary();
      with told as (
        select t.*, coalesce(told_at, now()) as created_at,
               coalesce(told_direction,
                        (select a.call_direction from prewarm.source_agents a
                          where a.vapi_assistant_id = t.assistant_id order by a.id limit 1), 'inbound') as call_direction
          from unnest(
                 orgs, contacts, vapi_ids, numbers, directions, statuses, durations, labels, scores, summaries, reasons, cents,
                 tests, starts, ends, assistants, instants
               ) as t (
                 org_id, contact_id, vapi_call_id, phone_number, told_direction, status, duration_seconds, sentiment_label,
                 sentiment_score, summary, ended_reason, cost_cents, is_test_call, started_at, ended_at, assistant_id, told_at
               )
      )
      insert into %1$s as held (%2$s) select %3$s from told
          on conflict (%4$s) %5$s;
    end $writer$
  $make$, named, columns, made, vapi_id, merged, prewarm.writers_path());
end $$;
