-- store::assistants::begin_update
-- From now on nobody knows what Vapi holds. To be committed before the request is sent. One row while the agent is the
-- holder's.
-- $1 agent, $2 holder, $3 seconds of the lease.
with begun as (
  update prewarm.assistants
     set stage = 'updating',
         until = greatest(until, statement_timestamp() + make_interval(secs => $3))
   where agent_id = $1
     and holder = $2
  returning agent_id
),
forgotten as (
  update public.agents a
     set config_hash = null
    from begun
   where a.id = begun.agent_id
     and a.config_hash is not null
)
select agent_id from begun
