-- store::assistants::record
-- Records the assistant that Vapi has, and the hash of its configuration; null if that is not the wanted one.
-- $1 agent, $2 holder, $3 Vapi's id, $4 hash, $5 fields that Vapi returns with other values than it was sent.
with mine as (
  update prewarm.assistants
     set look_since = null,
         missing_id = null,
         refused_hash = null,
         refusal = null,
         shown_otherwise = $5,
         synced_at = case when $4::text is null then synced_at else statement_timestamp() end,
         verified_at = case when $4::text is null then verified_at else statement_timestamp() end
   where agent_id = $1
     and holder = $2
  returning agent_id
)
select prewarm.record_assistant(agent_id, $3, $4) from mine
