-- store::intake::keep_call_state
-- $1 Vapi's id of the call, $2 org, $3 state.
insert into prewarm.call_states (vapi_call_id, org_id, state)
values ($1, $2, $3)
    on conflict (vapi_call_id) do update
   set state = excluded.state,
       updated_at = excluded.updated_at
