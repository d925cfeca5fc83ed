-- store::assistants::drifted
-- Vapi holds something else than it was given: nobody knows what, so the hash goes, unless somebody has written it
-- meanwhile. One row affected if the agent is owed now.
-- $1 agent, $2 Vapi's id, $3 hash, $4 why.
with forgotten as materialized (
  select $1::uuid as id where prewarm.forget_hash($1, $2, $3)
),
told as (
  update prewarm.assistants s
     set stage = 'pending', reason = $4
    from forgotten
   where s.agent_id = forgotten.id
     and s.holder is null
)
insert into prewarm.agent_marks (agent_id)
select id from forgotten
