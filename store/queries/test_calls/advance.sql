-- store::test_calls::advance
-- Records the next stage of a test call and notifies the console. No row if the call has ended. $1 id, $2 stage, $3
-- assistant, $4 Vapi's id of the call, $5 where to join it, $6 why it failed; null keeps the old value.
with advanced as (
  update prewarm.test_calls t
     set stage = $2,
         assistant_id = coalesce($3, t.assistant_id),
         vapi_call_id = coalesce($4, t.vapi_call_id),
         web_call_url = coalesce($5, t.web_call_url),
         reason = coalesce($6, t.reason),
         changed_at = now()
   where t.id = $1
     and t.stage in ('preparing', 'connecting')
  returning t.id
)
select pg_notify('prewarm_console', 'test_call ' || id) is null as "told!"
  from advanced
