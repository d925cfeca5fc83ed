-- store::intake::call_states
-- The states of calls. A lateral look-up makes it one index probe a call, whatever the planner expects of the table's
-- size.
-- $1 Vapi's ids of the calls.
select k.vapi_call_id, k.org_id, k.state
  from unnest($1::text[]) as wanted (vapi_call_id)
 cross join lateral (
   select vapi_call_id, org_id, state
     from prewarm.call_states
    where vapi_call_id = wanted.vapi_call_id
    limit 1
 ) k
 order by k.vapi_call_id
