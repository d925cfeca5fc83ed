-- store::assistants::backlog
-- Counts the owed and the failed agents. One row. Walks the marks with one index probe an agent, whatever their number.
with recursive marked as (
  (select agent_id from prewarm.agent_marks order by agent_id limit 1)
  union all
  select (select m.agent_id from prewarm.agent_marks m where m.agent_id > marked.agent_id order by m.agent_id limit 1)
    from marked
   where marked.agent_id is not null
),
since as (
  select (select m.marked_at from prewarm.agent_marks m where m.agent_id = marked.agent_id order by m.xid limit 1) as instant
    from marked
   where marked.agent_id is not null
)
select count(*) as "owed!",
       coalesce(greatest(max(extract(epoch from statement_timestamp() - instant)), 0), 0)::float8 as "oldest_seconds!",
       (select count(*) from prewarm.assistants where stage = 'failed') as "failed!"
  from since
