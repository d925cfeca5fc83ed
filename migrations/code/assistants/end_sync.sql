-- Ends an agent's turn. After a bad end the agent is owed again after a pause, unless it is dead: then a dead letter says why,
-- and the next change of the agent is a new beginning.
create or replace function prewarm.end_sync(id bigint, agent uuid, attempts int, error text, pause interval, is_dead boolean)
returns void
language plpgsql as $$
begin
  if error is null then
    delete from prewarm.dead_letters d where d.kind = 'prewarm' and d.subject = agent;
  elsif is_dead then
    call prewarm.bury_work(id, 'prewarm', 'prewarm', agent, attempts, prewarm.quarantine_starts(), left(error, 1000));
  else
    update prewarm.assistants a set until = now() + pause where a.agent_id = agent and a.holder is null;
  end if;
end $$;
