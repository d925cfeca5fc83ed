-- store::queue::ends::agents
-- $1 ids, $2 agents, $3 starts, $4 errors (null: ended well), $5 seconds of pause, $6 whether no attempt is left.
select prewarm.end_sync(ended.id, ended.agent, ended.attempts, ended.error, make_interval(secs => ended.pause), ended.is_dead)
  from unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::float8[], $6::boolean[])
    as ended (id, agent, attempts, error, pause, is_dead)
