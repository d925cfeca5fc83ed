-- store::test_calls::open
-- Opens a test call with an org's agent of a direction, or returns the open one. No row if there is no such agent.
-- $1 id of a new call, $2 org, $3 direction.
select id as "id!", assistant_id
  from prewarm.open_test_call($1, $2, $3)
