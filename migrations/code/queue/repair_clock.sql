-- Repairs times that lie further in the future than any pause, because the clock has gone back. Their jobs and leases would
-- otherwise wait for as long as the clock jumped. (A clock that went forward only makes things come early.)
create or replace function prewarm.repair_clock(lease interval) returns void
language plpgsql as $$
begin
  -- Two repairs at once could deadlock.
  if not pg_try_advisory_xact_lock(hashtext('prewarm.repair_clock')) then
    return;
  end if;
  update prewarm.jobs j
     set run_at = now()
   where j.state = 'waiting'
     and j.run_at > now() + case j.attempts when 0 then interval '0' else prewarm.longest_pause() end;
  update prewarm.jobs j set claimed_at = now() where j.state = 'running' and j.claimed_at > now();
  update prewarm.workers w set seen_at = now() where w.seen_at > now() + interval '1 second';
  update prewarm.leases l
     set until = now() + lease
   where l.until > now() + case when l.starts > 0 then greatest(lease, prewarm.longest_pause()) else interval '0' end;
  update prewarm.leases l set claimed_at = now() where l.claimed_at > now();
  update prewarm.test_calls t
     set created_at = least(t.created_at, now()), claimed_at = least(t.claimed_at, now()),
         until = least(t.until, now() + case when t.attempts > 0 then lease else interval '0' end)
   where t.stage in ('preparing', 'connecting')
     and t.until < 'infinity'
     and (
       t.created_at > now()
       or t.claimed_at > now()
       or t.until > now() + case when t.attempts > 0 then greatest(lease, prewarm.longest_pause()) else interval '0' end
     );
  delete from prewarm.cron_slots s where s.slot > now() + interval '1 second';
end $$;
