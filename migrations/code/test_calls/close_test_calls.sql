-- Ends test calls, of one agent or of all, that nobody will join any more, because their time is over or because they
-- were joined, and those that nobody makes.
create or replace function prewarm.close_test_calls(agent uuid default null) returns setof uuid
language plpgsql as $$
begin
  return query
  update prewarm.test_calls t
     set stage = case t.stage when 'ready' then 'ended' else 'failed' end,
         reason = case
                    when t.stage = 'ready' then null
                    when prewarm.prewarms() then 'Nobody could take the call. Please try again.'
                    else 'No worker is connected to Vapi: none that runs has a VAPI_API_KEY.'
                  end,
         changed_at = now()
   where t.stage in ('preparing', 'connecting', 'ready')
     and (agent is null or t.agent_id = agent)
     and case t.stage
           when 'ready' then
             t.changed_at < now() - prewarm.test_call_joins()
             or exists (
               select
                 from prewarm.source_calls c
                where c.vapi_call_id = t.vapi_call_id
                  and c.status not in ('scheduled', 'queued', 'ringing')
             )
           else
             t.created_at < now() - prewarm.test_call_waits()
             or (t.created_at < now() - prewarm.test_call_patience() and not prewarm.prewarms())
         end
  returning t.id;
end $$;
