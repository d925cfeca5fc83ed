-- store::assistants::forget
-- The agent is gone: so is all that is known of its assistant, and what was seen of its marks.
-- $1 agent, $2 holder, $3 what was seen.
with gone as (
  delete from prewarm.assistants
   where agent_id = $1
     and holder = $2
  returning agent_id
)
delete from prewarm.agent_marks m
 using gone
 where m.agent_id = gone.agent_id
   and pg_visible_in_snapshot(m.xid, ($3::text)::pg_snapshot)
