-- store::assistants::missing
-- Vapi does not have the assistant of this id, or somebody in between says so: all that Vapi lists is looked at before
-- another one is made.
-- $1 agent, $2 holder, $3 Vapi's id.
with told as (
  update prewarm.assistants
     set missing_id = $3,
         look_since = 'epoch'
   where agent_id = $1
     and holder = $2
  returning agent_id
)
select prewarm.forget_hash(agent_id, $3) from told
