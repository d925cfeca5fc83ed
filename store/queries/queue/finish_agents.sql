-- store::queue::ends::finish_agents
-- $1 ids, $2 their workers, $3 agents, $4 starts, $5 errors (null: ended well), $6 seconds of pause, $7 whether no attempt is
-- left.
select prewarm.end_sync(ended.id, ended.worker, ended.agent, ended.attempts, ended.error, make_interval(secs => ended.pause),
                        ended.is_dead)
  from unnest($1::bigint[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::float8[], $7::boolean[])
    as ended (id, worker, agent, attempts, error, pause, is_dead)
