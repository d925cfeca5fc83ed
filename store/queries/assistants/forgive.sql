-- store::assistants::forgive
-- What was put off may be tried at once: the key, or whatever else was wrong, may be another one now.
update prewarm.assistants
   set not_before = null
 where not_before > statement_timestamp()
