-- Ends an agent's turn. After a bad end the agent waits for a pause; after the last one, or where no further attempt helps, a
-- dead letter says why.
create or replace function prewarm.end_sync(start bigint, me text, agent uuid, attempts int, error text, pause interval,
                                            is_dead boolean)
returns void
language plpgsql as $$
begin
  if error is null then
    update prewarm.assistants a set starts = 0 where a.agent_id = agent and a.worker = me and a.starts > 0;
    delete from prewarm.dead_letters d where d.kind = 'prewarm' and d.subject = agent;
  elsif is_dead then
    call prewarm.bury_work(start, 'prewarm', 'prewarm', agent, attempts, prewarm.quarantine_starts(), left(error, 1000));
  else
    update prewarm.assistants a set until = now() + pause where a.agent_id = agent and a.worker = me and a.holder is null;
  end if;
end $$;
