-- store::rebuild_runs::record_failure
-- Records that the rebuild of an org failed.
-- $1 run, $2 org, $3 reason.
insert into prewarm.rebuild_failures (run, org_id, reason)
values ($1, $2, $3)
    on conflict (run, org_id) do update
   set reason = excluded.reason
