-- The columns of [writes.calls] as they change where a call is known: those that are one of our names, plainly. An expression
-- is written once, with the row. Known values stay where nothing new is told, a call keeps its contact, and a test remains one.
create or replace function prewarm.merged_calls(vapi_id text, writes jsonb) returns text
language sql stable
begin atomic
  select string_agg(format(m.merged, w.key, vapi_id), ', ' order by w.key)
    from jsonb_each_text(writes) w
    join (
      select name, '%1$I = coalesce(excluded.%1$I, held.%1$I)'
        from unnest(array['phone_number', 'status', 'duration_seconds', 'sentiment_label', 'sentiment_score', 'summary',
                          'ended_reason', 'cost_cents', 'started_at', 'ended_at']) as name
      union all
      values ('contact_id', '%1$I = coalesce(held.%1$I, excluded.%1$I)'),
             ('is_test_call', '%1$I = excluded.%1$I or held.%1$I'),
             -- Not the excluded row's: that may be the agent's.
             ('call_direction',
              '%1$I = coalesce((select t.told_direction from told t where t.vapi_call_id = excluded.%2$s), held.%1$I)')
    ) as m (name, merged) on m.name = w.value;
end;
