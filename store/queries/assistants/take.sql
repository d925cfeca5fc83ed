-- store::assistants::take
-- Takes an agent's lease, unless another worker holds it. One row if taken. The attempt is counted here, before the
-- work, so that an agent whose work keeps killing its process is tried only once a minute. $1 agent, $2 seconds of the
-- lease.
insert into prewarm.assistants as held (agent_id, org_id, holder, until, attempts)
values ($1, (select a.org_id from prewarm.source_agents a where a.id = $1), gen_random_uuid(),
        statement_timestamp() + make_interval(secs => $2), 1)
    on conflict (agent_id) do update
   set org_id = excluded.org_id,
       holder = excluded.holder,
       attempts = held.attempts + 1,
       until = prewarm.lease_until(held.attempts + 1, excluded.until)
 where held.holder is null
    or held.until <= statement_timestamp()
returning holder as "holder!", attempts
