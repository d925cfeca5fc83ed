-- store::assistants::retry_deferred
-- Makes all deferred agents due: the key, or whatever else was wrong, may have changed.
update prewarm.assistants
   set not_before = null
 where not_before > statement_timestamp()
