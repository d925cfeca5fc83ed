-- store::assistants::set_stage
-- Records the stage and renews the lease. Affects one row while the holder has the lease.
-- $1 agent, $2 holder, $3 stage, $4 seconds of the lease.
update prewarm.assistants
   set stage = $3,
       until = greatest(until, statement_timestamp() + make_interval(secs => $4))
 where agent_id = $1
   and holder = $2
