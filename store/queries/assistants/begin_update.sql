-- store::assistants::begin_update
-- Forgets the hash of what Vapi holds, durably and before the request is sent, as begin_create. One row while the
-- holder has the lease.
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
