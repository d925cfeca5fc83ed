-- store::assistants::clamp_deferrals
-- Shortens deferrals and leases that lie further ahead than any can; they date from before the clock went back.
-- $1 the longest deferral in seconds.
update prewarm.assistants
   set until = least(until, statement_timestamp() + prewarm.longest_pause()),
       not_before = least(not_before, statement_timestamp())
 where until > statement_timestamp() + prewarm.longest_pause()
    or not_before > statement_timestamp() + make_interval(secs => $1)
