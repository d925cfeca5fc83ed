-- Reserves an agent until its worker takes it, so that no other starts meanwhile; returns its starts since the last good end,
-- the one to come included. No row if somebody has it. A start that has no end is seen here: its process died.
create or replace function prewarm.reserve_agent(agent uuid, me text, lease interval) returns setof int
language plpgsql as $$
declare
  reserved prewarm.assistants;
begin
  insert into prewarm.assistants as held (agent_id, worker, until, starts)
  values (agent, me, statement_timestamp() + lease, 1)
      on conflict (agent_id) do update
     set holder = null,
         worker = excluded.worker,
         until = excluded.until,
         starts = held.starts + 1
   where held.until is null
      or held.until <= statement_timestamp()
  returning * into reserved;
  if not found then
    return;
  end if;
  if reserved.starts > prewarm.quarantine_starts()
     and not exists (select from prewarm.dead_letters d where d.kind = 'prewarm' and d.subject = agent) then
    call prewarm.bury_work(nextval('prewarm.jobs_id_seq'), 'prewarm', 'prewarm', agent, reserved.starts - 1,
                           prewarm.quarantine_starts(), 'lost: its worker died');
  end if;
  return next reserved.starts;
end $$;
