drop function prewarm.retry, prewarm.heartbeat, prewarm.release, prewarm.fail, prewarm.done, prewarm.claim, prewarm.take,
              prewarm.fold, prewarm.push_rebuilds;
drop view prewarm.due_jobs;
drop function prewarm.org_of, prewarm.backoff, prewarm.quarantine_pause, prewarm.quarantine_starts;
drop table prewarm.cron_slots;
drop index prewarm.leases_holder;
drop index apalis.jobs_dead, apalis.jobs_ended, apalis.jobs_running;
comment on column prewarm.leases.holder is null;
alter table apalis.jobs enable trigger notify_workers;
