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
update public.agents a
   set config_hash = null
  from told
 where a.id = told.agent_id
   and a.vapi_assistant_id = $3
   and a.config_hash is not null
