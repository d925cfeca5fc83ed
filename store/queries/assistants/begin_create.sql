-- store::assistants::begin_create
-- Records that Vapi may soon have an assistant that we do not know of, durably and before the request is sent. A single
-- statement without BEGIN, so that an abandoned call leaves no transaction open. Affects one row while the holder has
-- the lease.
-- $1 agent, $2 holder, $3 seconds of the lease.
update prewarm.assistants s
   set stage = 'creating',
       look_since = coalesce(s.look_since, statement_timestamp()),
       until = greatest(s.until, statement_timestamp() + make_interval(secs => $3))
  from (select set_config('synchronous_commit', 'on', true)) as durable (setting)
 where s.agent_id = $1
   and s.holder = $2
   and durable.setting = 'on'
