-- store::assistants::defer
-- Ends a lease and defers the next attempt. The agent stays owed, because its marks stay.
-- $1 agent, $2 holder, $3 stage, $4 reason, $5 seconds, $6 whether Vapi has no assistant that we do not know of,
-- $7 whether this counts as a failed attempt.
update prewarm.assistants
   set stage = $3,
       reason = $4,
       not_before = statement_timestamp() + make_interval(secs => $5),
       look_since = case when $6 then null else look_since end,
       attempts = case when $7 then attempts else greatest(attempts - 1, 0) end,
       holder = null,
       until = null
 where agent_id = $1
   and holder = $2
