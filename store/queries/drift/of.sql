-- store::drift::drift_of
-- $1 org.
select prewarm.drift_of($1)
