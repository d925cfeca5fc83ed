-- store::assistants::renew
-- Renews a lease. Affects one row while the holder has it.
-- $1 agent, $2 holder, $3 seconds of the lease.
update prewarm.assistants
   set until = greatest(until, statement_timestamp() + make_interval(secs => $3))
 where agent_id = $1
   and holder = $2
