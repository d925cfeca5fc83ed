-- store::queue::life::hold
-- $1 the process' key.
select prewarm.hold_life($1)
