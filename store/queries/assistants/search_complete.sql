-- store::assistants::search_complete
-- Records that Vapi has no other assistant of the agent than the one that its row names.
-- $1 agent, $2 holder.
update prewarm.assistants
   set look_since = null
 where agent_id = $1
   and holder = $2
