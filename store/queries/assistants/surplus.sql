-- store::assistants::surplus
-- Records that Vapi has assistants of agents that name none, or another one, and makes the agents owed.
-- Side by side: $1 agents, $2 instants from which on to search.
with told as (
  insert into prewarm.assistants as held (agent_id, look_since)
  select agent_id, min(since)
    from unnest($1::uuid[], $2::timestamptz[]) as surplus (agent_id, since)
   group by agent_id
      on conflict (agent_id) do update
     set look_since = least(held.look_since, excluded.look_since)
  returning agent_id
)
insert into prewarm.agent_marks (agent_id)
select agent_id from told
