-- The next agent with marks that nobody works at and that does not back off, by id after another and round, so that each
-- gets its turn; null if the first two hundred are of no use, or all: a look stays cheap while Vapi is away. `after` moves on
-- to the last one that was looked at.
create or replace function prewarm.next_agent(inout after uuid, out agent_id uuid)
language plpgsql stable as $$
declare
  first   constant uuid := after;
  rounded boolean := false;
begin
  for look in 1..200 loop
    select m.agent_id into agent_id from prewarm.agent_marks m where m.agent_id > after order by m.agent_id limit 1;
    if agent_id is null and not rounded then
      rounded := true;
      select m.agent_id into agent_id from prewarm.agent_marks m order by m.agent_id limit 1;
    end if;
    exit when agent_id is null or rounded and agent_id > first;
    after := agent_id;
    if not exists (
      select
        from prewarm.assistants s
       where s.agent_id = after
         and (s.until > statement_timestamp() or s.not_before > statement_timestamp())
    ) then
      return;
    end if;
  end loop;
  agent_id := null;
end $$;
