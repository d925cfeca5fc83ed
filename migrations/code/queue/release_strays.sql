-- Gives back what a worker has claimed and does not hold, because the answer to its claim was lost; returns how much.
-- `since` is the time of the heartbeat before. It leaves out what was claimed after `held` was written down, since a
-- heartbeat may arrive late too. The reservation of an agent ends by itself.
create or replace function prewarm.release_strays(worker text, held bigint[], since timestamptz) returns int
language plpgsql as $$
declare
  jobs       int;
  rebuilds   int;
  test_calls int;
begin
  perform prewarm.release(j.id, j.worker)
     from prewarm.jobs j
    where j.worker = release_strays.worker
      and j.state = 'running'
      and j.claimed_at <= release_strays.since
      and j.id <> all (held);
  get diagnostics jobs = row_count;
  perform prewarm.release_rebuild(l.holder, l.worker)
     from prewarm.leases l
    where l.worker = release_strays.worker
      and l.holder is not null
      and l.claimed_at <= release_strays.since
      and l.holder <> all (held);
  get diagnostics rebuilds = row_count;
  perform prewarm.release_test_call(t.claim, t.worker)
     from prewarm.test_calls t
    where t.worker = release_strays.worker
      and t.claim is not null
      and t.claimed_at <= release_strays.since
      and t.claim <> all (held);
  get diagnostics test_calls = row_count;
  return jobs + rebuilds + test_calls;
end $$;
