-- Clears the hash of what Vapi holds of an agent, which is not known any more. Given an assistant or a hash, clears it only
-- where the agent still has them. Returns whether there was one to clear.
create or replace function prewarm.forget_hash(agent uuid, assistant text default null, hash text default null)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  call prewarm.refuse_temporary();
  update public.agents a
     set config_hash = null
   where a.id = agent
     and a.config_hash is not null
     and (assistant is null or a.vapi_assistant_id = assistant)
     and (hash is null or a.config_hash = hash);
  return found;
end $$;
