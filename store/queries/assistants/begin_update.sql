-- store::assistants::begin_update
-- From now on nobody knows what Vapi holds. On disk before the request is sent, as begin_create. One row while the agent is
-- the holder's.
-- $1 agent, $2 holder, $3 seconds of the lease.
with begun as (
  update prewarm.assistants s
     set stage = 'updating',
         until = greatest(s.until, statement_timestamp() + make_interval(secs => $3))
    from (select set_config('synchronous_commit', 'on', true)) as durable (setting)
   where s.agent_id = $1
     and s.holder = $2
     and durable.setting = 'on'
  returning s.agent_id
)
select agent_id, prewarm.forget_hash(agent_id) from begun
