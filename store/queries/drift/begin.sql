-- store::drift::begin_drift_walk
-- Affects one row if the walk does not rest. It goes on by itself ten minutes after a walker was killed.
update prewarm.drift_walk
   set not_before = now() + interval '10 minutes'
 where not_before <= now()
