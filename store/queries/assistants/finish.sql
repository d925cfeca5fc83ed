-- store::assistants::finish
-- Ends a lease after the last step, and removes the marks that were seen.
-- $1 agent, $2 holder, $3 snapshot, $4 whether the agent is synced; otherwise it stays refused.
with ended as (
  update prewarm.assistants
     set stage = case when $4 then 'synced' else 'failed' end,
         reason = case when $4 then null else refusal end,
         attempts = 0,
         look_since = null,
         not_before = null,
         holder = null,
         until = null
   where agent_id = $1
     and holder = $2
  returning agent_id
)
delete from prewarm.agent_marks m
 using ended
 where m.agent_id = ended.agent_id
   and pg_visible_in_snapshot(m.xid, ($3::text)::pg_snapshot)
