-- store::queue::release
-- An agent that was taken already keeps its lease: a request of its holder may be under way.
-- $1 worker, $2 agents.
update prewarm.assistants
   set starts = greatest(starts - 1, 0),
       until = case when holder is not null then until end
 where agent_id = any ($2)
   and worker = $1
