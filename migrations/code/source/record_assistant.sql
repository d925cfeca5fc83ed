-- Records what Vapi holds of an agent: the id of the assistant, and the hash of its configuration. Tells whether there is
-- such an agent.
create or replace function prewarm.record_assistant(agent uuid, assistant text, hash text) returns boolean
language plpgsql as $$
begin
  update public.agents a
     set vapi_assistant_id = assistant,
         config_hash = hash
   where a.id = agent;
  return found;
end $$;
