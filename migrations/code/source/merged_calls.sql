-- The columns of [writes.calls] as they change where a call is known. The name from which a column is made decides: known
-- values stay where nothing new is told, a call keeps its contact, and a test remains one.
create or replace function prewarm.merged_calls(vapi_id text, writes jsonb) returns text
language sql stable
begin atomic
  select string_agg(format(
           case value
             when 'contact_id' then '%1$I = coalesce(held.%1$I, excluded.%1$I)'
             when 'is_test_call' then '%1$I = excluded.%1$I or held.%1$I'
             -- Not the excluded row's: that may be the agent's.
             when 'call_direction'
             then '%1$I = coalesce((select t.told_direction from told t where t.vapi_call_id = excluded.%2$s), held.%1$I)'
             else '%1$I = coalesce(excluded.%1$I, held.%1$I)'
           end, key, vapi_id), ', ' order by key)
    from jsonb_each_text(writes)
   where value not in ('org_id', 'vapi_call_id', 'created_at');
end;
