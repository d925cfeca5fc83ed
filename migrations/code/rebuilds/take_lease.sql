-- Takes an org's lease unless it runs, and counts the start; null if it runs. An impatient taker does not wait for the end
-- of a back-off.
create or replace function prewarm.take_lease(org uuid, worker text, lease interval, impatient boolean)
returns prewarm.leases
language plpgsql as $$
declare
  taken prewarm.leases;
begin
  insert into prewarm.leases as held (org_id, holder, worker, until)
  values (org, nextval('prewarm.jobs_id_seq'), take_lease.worker, statement_timestamp() + lease)
      on conflict (org_id) do update
     set holder = excluded.holder,
         worker = excluded.worker,
         starts = held.starts + 1,
         claimed_at = excluded.claimed_at,
         until = excluded.until
   where held.until <= statement_timestamp()
      or impatient and held.holder is null
  returning held.* into taken;
  -- The start before has not ended well, if at all.
  if taken.starts > 1 then
    call prewarm.evict_former_holder(org);
  end if;
  return taken;
end $$;
