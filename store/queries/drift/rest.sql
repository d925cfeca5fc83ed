-- store::drift::rest_from_drift
-- $1 seconds.
update prewarm.drift_walk set not_before = now() + make_interval(secs => $1)
