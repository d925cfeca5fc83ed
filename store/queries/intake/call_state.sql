-- store::intake::call_state
-- What is known of a call.
-- $1 Vapi's id of the call.
select org_id, state
  from prewarm.call_states
 where vapi_call_id = $1
