-- Up to n agents with marks that nobody works at and that do not back off, by id from one on. `looks` bounds how many
-- that back off are passed over: a look stays cheap while Vapi is away.
create or replace function prewarm.marked_agents(since uuid, looks int, n int) returns setof uuid
language sql stable
begin atomic
  with recursive marked as (
    (select agent_id, 1 as look from prewarm.agent_marks where agent_id >= since order by agent_id limit 1)
    union all
    select (select m.agent_id from prewarm.agent_marks m where m.agent_id > marked.agent_id order by m.agent_id limit 1),
           marked.look + 1
      from marked
     where marked.agent_id is not null
       and marked.look < looks
  )
  select agent_id
    from marked
   where agent_id is not null
     and not exists (
       select
         from prewarm.assistants s
        where s.agent_id = marked.agent_id
          and (s.until > statement_timestamp() or s.not_before > statement_timestamp())
     )
   limit n;
end;
