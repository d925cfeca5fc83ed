-- store::assistants::settle
-- Gives the agent back: nothing more is to be done for what was seen, and the marks of it go.
-- $1 agent, $2 holder, $3 what was seen, $4 whether it is synced; else it is refused.
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
