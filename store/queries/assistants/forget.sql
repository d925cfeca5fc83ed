-- store::assistants::forget
-- Removes the state of a deleted agent, and the marks that were seen.
-- $1 agent, $2 holder, $3 snapshot.
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
