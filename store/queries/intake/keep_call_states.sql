-- store::intake::keep_call_states
-- Stores the states of calls.
-- Side by side: $1 Vapi's ids of the calls, each once, $2 orgs, $3 states.
insert into prewarm.call_states (vapi_call_id, org_id, state)
select vapi_call_id, org_id, state
  from unnest($1::text[], $2::uuid[], $3::jsonb[]) as known (vapi_call_id, org_id, state)
    on conflict (vapi_call_id) do update
   set state = excluded.state,
       updated_at = excluded.updated_at
