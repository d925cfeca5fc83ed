-- Claims up to n jobs in one round trip. It reads the ledger only when no urgent job is due, so that a backlog does not
-- make each claim dearer, and every owed org gets its turn at the end of the backlog. One worker enqueues at a time,
-- because two would not see each other's leases and would make every job twice. An org that is owed alone, which is the
-- usual case, starts at once. When nothing is owed and nothing waits, the backfill goes on. An idle claim writes nothing.
--
-- The planner settings are for plans that live as long as their session: one that was made while little was owed would
-- read whole tables when much is.
create or replace function prewarm.claim(worker text, queue text, n int, lease interval)
returns table (job prewarm.jobs, more boolean)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  waits boolean;
  orgs  uuid[];
begin
  if not exists (select from prewarm.due_jobs d where d.queue = claim.queue and d.priority >= 0) then
    waits := exists (select from prewarm.due_jobs d where d.queue = claim.queue);
    if queue = 'rebuild' then
      if pg_try_advisory_xact_lock(hashtext('prewarm.enqueue_owed')) then
        orgs := prewarm.owed_orgs();
        if cardinality(orgs) = 1 then
          return query select s, waits from prewarm.start_alone(orgs[1], worker, lease) s;
          if found then
            return;
          end if;
        end if;
        if cardinality(orgs) > 0 then
          perform prewarm.enqueue_owed(orgs);
        elsif not waits and exists (select from prewarm.backfill b where b.next_org is not null) then
          perform prewarm.backfill_next();
          waits := true;
        end if;
      end if;
    end if;
    if not waits and coalesce(cardinality(orgs), 0) = 0 then
      return;
    end if;
  end if;
  return query select t, true from prewarm.lock_due(worker, queue, n, lease) t;
end $$;
