-- store::assistants::begin_create
-- From now on Vapi may have an assistant that we know nothing of. To be committed before the request is sent.
-- $1 agent, $2 holder, $3 seconds of the lease.
update prewarm.assistants
   set stage = 'creating',
       look_since = coalesce(look_since, statement_timestamp()),
       until = greatest(until, statement_timestamp() + make_interval(secs => $3))
 where agent_id = $1
   and holder = $2
