-- store::assistants::read
-- Reads an agent, the state of its assistant and the snapshot that decides on its marks, and renews the lease. One row
-- while the holder has the lease; the agent's own columns are null if it was deleted.
-- $1 agent, $2 holder, $3 seconds of the lease.
with held as (
  update prewarm.assistants
     set until = greatest(until, statement_timestamp() + make_interval(secs => $3))
   where agent_id = $1
     and holder = $2
  returning agent_id, look_since, missing_id, refused_hash, refusal, shown_otherwise
)
select h.look_since as "look_since: PgTime",
       h.missing_id,
       h.refused_hash,
       h.refusal,
       h.shown_otherwise as "shown_otherwise!",
       pg_current_snapshot()::text as "seen!",
       a.id as "id?",
       a.org_id as "org_id?",
       a.call_direction as "call_direction?",
       a.name as "name?",
       a.system_prompt as "system_prompt?",
       a.first_message as "first_message?",
       a.voice as "voice?",
       a.model as "model?",
       a.vapi_assistant_id as "vapi_assistant_id?",
       a.config_hash as "config_hash?",
       a.is_contested as "is_contested?"
  from held h
  left join prewarm.agents_to_warm a on a.id = h.agent_id
