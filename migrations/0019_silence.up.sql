-- What a network leaves behind that goes silent for a while; and receipts of events that are parked.

-- Gives back the jobs that a worker was handed and does not know of: the answer to its claim was lost. `since` is the instant
-- of the heartbeat before, so that no job counts which was claimed after `held` was written down: a heartbeat, too, may
-- arrive late.
create function prewarm.release_strays(worker text, held text[], since timestamptz) returns int
language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
  strays int;
begin
  perform prewarm.release(j.id, worker)
     from apalis.jobs j
    where j.lock_by = worker
      and j.status = 'Running'
      and j.lock_at <= since
      and j.id <> all (held);
  get diagnostics strays = row_count;
  return strays;
end $$;

alter table prewarm.events add column replay_xid xid8;

comment on column prewarm.events.replay_xid is 'the transaction of its effect, where that is not the one that took it';

create index events_late_effect on prewarm.events (xid) where org_id is null or replay_xid is not null;
