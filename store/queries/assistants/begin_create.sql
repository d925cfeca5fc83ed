-- store::assistants::begin_create
-- From now on Vapi may have an assistant that we know nothing of. On disk before the request is sent. One statement, and no
-- transaction around it: one that is given up in the middle would stay open. One row affected while the agent is the
-- holder's.
-- $1 agent, $2 holder, $3 seconds of the lease.
update prewarm.assistants s
   set stage = 'creating',
       look_since = coalesce(s.look_since, statement_timestamp()),
       until = greatest(s.until, statement_timestamp() + make_interval(secs => $3))
  from (select set_config('synchronous_commit', 'on', true)) as durable (setting)
 where s.agent_id = $1
   and s.holder = $2
   and durable.setting = 'on'
