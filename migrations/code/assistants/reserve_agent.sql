-- Reserves an agent until its worker takes it, so that no other starts meanwhile; its starts without a good end, the one
-- to come included. No row if somebody has it.
create or replace function prewarm.reserve_agent(agent uuid, me text, lease interval) returns setof int
language plpgsql as $$
begin
  return query
  insert into prewarm.assistants as held (agent_id, worker, until)
  values (agent, me, statement_timestamp() + lease)
      on conflict (agent_id) do update
     set holder = null,
         worker = excluded.worker,
         until = excluded.until
   where held.until is null
      or held.until <= statement_timestamp()
  returning held.attempts + 1;
end $$;
