-- store::assistants::mend
-- What was noted before the clock went back lies further ahead than anything is ever put off.
-- $1 seconds that an agent is put off at most.
update prewarm.assistants
   set until = least(until, statement_timestamp() + prewarm.longest_pause()),
       not_before = least(not_before, statement_timestamp())
 where until > statement_timestamp() + prewarm.longest_pause()
    or not_before > statement_timestamp() + make_interval(secs => $1)
