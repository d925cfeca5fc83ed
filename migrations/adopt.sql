-- Takes over a database that the earlier numbered migrations have brought to 0023, their last: it has what tables/0008 and
-- standalone/0002 make, and a few objects that nothing makes any more.
drop table prewarm.migrations;

drop materialized view prewarm.fleet_pulse;

drop procedure prewarm.watch, prewarm.watch_with, prewarm.unwatch;

drop function prewarm.mark_inserted, prewarm.mark_updated, prewarm.mark_deleted, prewarm.mark_all_agents;

comment on view prewarm.epoch is null;
comment on function prewarm.agent_of is null;
comment on function prewarm.backoff is null;
comment on function prewarm.instant is null;
comment on function prewarm.longest_pause is null;
comment on function prewarm.org_of is null;
comment on function prewarm.quarantine_pause is null;
comment on function prewarm.quarantine_starts is null;
comment on function prewarm.urgency_of is null;
