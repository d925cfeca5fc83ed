-- Gives back what a worker has claimed and does not hold, because the answer to its claim was lost; returns how much.
-- `since` is the time of the heartbeat before. It leaves out what was claimed after `held` was written down, since a
-- heartbeat may arrive late too. The reservation of an agent ends by itself.
create or replace function prewarm.release_strays(me text, held bigint[], since timestamptz) returns int
language plpgsql as $$
declare
  strays int;
begin
  perform prewarm.release(claimed.id, me)
     from (
       select j.id, j.claimed_at from prewarm.jobs j where j.worker = me and j.state = 'running'
       union all
       select l.holder, l.claimed_at from prewarm.leases l where l.worker = me and l.holder is not null
       union all
       select t.claim, t.claimed_at from prewarm.test_calls t where t.worker = me and t.claim is not null
     ) claimed
    where claimed.claimed_at <= release_strays.since
      and claimed.id <> all (held);
  get diagnostics strays = row_count;
  return strays;
end $$;
