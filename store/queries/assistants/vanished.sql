-- Like missing, for an agent without a holder. Affects one row if the agent is now owed.
-- As missing, of an agent that nobody works at. One row affected if the agent is owed now.
-- $1 agent, $2 Vapi's id, $3 why.
with told as (
  insert into prewarm.assistants as held (agent_id, org_id, missing_id, look_since, reason)
  select a.id, a.org_id, $2, 'epoch', $3
    from prewarm.source_agents a
   where a.id = $1
     and a.vapi_assistant_id = $2
      on conflict (agent_id) do update
     set missing_id = excluded.missing_id,
         look_since = excluded.look_since,
         stage = 'pending',
         reason = excluded.reason
   where held.holder is null
  returning agent_id
)
insert into prewarm.agent_marks (agent_id)
select agent_id
  from told
 where prewarm.forget_hash(agent_id) is not null
