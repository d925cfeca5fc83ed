-- store::test_calls::read
-- $1 id. At most one row.
select org_id, agent_id, stage, assistant_id, web_call_url, reason, created_at as "created_at: PgTime"
  from prewarm.test_calls
 where id = $1
