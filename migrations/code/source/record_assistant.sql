-- Records what Vapi holds of an agent: the assistant's id, and the hash of its configuration. Returns whether the agent is
-- still there.
create or replace function prewarm.record_assistant(agent uuid, assistant text, hash text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.refuse_temporary();
  update public.agents a
     set vapi_assistant_id = assistant,
         config_hash = hash
   where a.id = agent;
  return found;
end $$;
