-- store::assistants::drifted
-- Forgets the hash of what Vapi holds, because Vapi shows something else, unless it was written again in the meantime.
-- Affects one row if it was forgotten and the agent is now owed.
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
