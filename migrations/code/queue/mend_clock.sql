-- Brings back what lies in the future, further than anything is ever put off, because the clock went back: it would
-- stand still for as long as the clock jumped. (A clock that went forward leaves nothing but what comes early.)
create or replace function prewarm.mend_clock(lease interval) returns void
language plpgsql as $$
begin
  -- Two that mend at once could deadlock.
  if not pg_try_advisory_xact_lock(hashtext('prewarm.mend_clock')) then
    return;
  end if;
  update apalis.jobs j
     set run_at = now()
   where (j.status = 'Pending' or (j.status = 'Failed' and j.attempts < j.max_attempts))
     and j.run_at > now() + case j.attempts when 0 then prewarm.rebuild_gap() else prewarm.longest_pause() end;
  update apalis.jobs j set lock_at = now() where j.status = 'Running' and j.lock_at > now();
  update apalis.workers w set last_seen = now() where w.last_seen > now() + interval '1 second';
  update prewarm.leases l
     set until = now() + lease
   where l.until > now() + greatest(lease, prewarm.longest_pause());
  delete from prewarm.cron_slots s where s.slot > now() + interval '1 second';
end $$;
