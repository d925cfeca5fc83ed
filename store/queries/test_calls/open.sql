-- store::test_calls::open
-- $1 an id for it if there is none, $2 org, $3 the agent's direction. At most one row: none if the org has no such agent.
select id as "id!", assistant_id
  from prewarm.open_test_call($1, $2, $3)
