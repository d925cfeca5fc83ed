-- store::test_calls::read
-- A call that has been joined goes on after its stage is `ended`: it is over when its own row says so.
-- $1 id. At most one row.
select t.org_id, t.agent_id, t.stage, t.assistant_id, t.web_call_url, t.reason, t.created_at as "created_at: PgTime",
       exists (
         select
           from prewarm.source_calls c
          where c.vapi_call_id = t.vapi_call_id
            and c.org_id = t.org_id
            and c.status not in ('scheduled', 'queued', 'ringing', 'in-progress', 'forwarding')
       ) as "is_over!"
  from prewarm.test_calls t
 where t.id = $1
