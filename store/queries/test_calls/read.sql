-- store::test_calls::read
-- A test call. A joined call goes on after its stage is `ended`; `is_over` follows its row in the source. At most one
-- row. $1 id.
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
