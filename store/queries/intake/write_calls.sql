-- store::intake::write_calls
-- Writes the rows of calls in the source. Side by side: $1 orgs, $2 contacts, $3 Vapi's ids, each once, $4 the
-- customers' numbers, $5 directions (null: the agent's), $6 statuses, $7 durations in seconds, $8 sentiment labels, $9
-- scores, $10 summaries, $11 ended reasons, $12 cents, $13 test calls, $14 started, $15 ended, $16 Vapi's ids of the
-- assistants, $17 when the calls were first heard of (null: now).
select prewarm.write_calls(
         $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
       )
