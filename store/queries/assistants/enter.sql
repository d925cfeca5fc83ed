-- store::assistants::enter
-- Records the present step and keeps the lease. One row is affected while the agent is the holder's.
-- $1 agent, $2 holder, $3 stage, $4 seconds of the lease.
update prewarm.assistants
   set stage = $3,
       until = greatest(until, statement_timestamp() + make_interval(secs => $4))
 where agent_id = $1
   and holder = $2
