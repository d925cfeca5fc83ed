-- store::assistants::missing
-- Records that Vapi, or a proxy before it, says that an assistant does not exist. All that Vapi lists is searched
-- before another one is created.
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
