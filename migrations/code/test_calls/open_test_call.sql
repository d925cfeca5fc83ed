-- Opens a test call of an agent, or gives the one that is open. No row: the org has no such agent.
create or replace function prewarm.open_test_call(new_id uuid, org uuid, direction text) returns setof prewarm.test_calls
language plpgsql as $$
declare
  agent prewarm.source_agents;
begin
  select * into agent from prewarm.source_agents a where a.org_id = org and a.call_direction = direction;
  if not found then
    return;
  end if;
  perform prewarm.close_test_calls(agent.id);
  insert into prewarm.test_calls (id, org_id, agent_id, assistant_id)
  values (new_id, org, agent.id, agent.vapi_assistant_id)
      on conflict (agent_id) where stage in ('preparing', 'connecting', 'ready') do nothing;
  return query
    select *
      from prewarm.test_calls t
     where t.agent_id = agent.id
       and t.stage in ('preparing', 'connecting', 'ready');
end $$;
