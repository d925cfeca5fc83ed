-- Claims the rebuild of an org that is owed, by its lease: see prewarm.next_owed, which `lane`, `first` and `after` are for.
-- Where none is, and the worker has room for what is not urgent, of one that no change asks for; `format` is null where it
-- has not. One row always; without an id, there is nothing to start now. An idle claim writes nothing.
--
-- The planner settings are for plans that live as long as their session: one that was made while little was owed would
-- read whole tables when much is.
create or replace function prewarm.claim_rebuild(me text, lease interval, lane int, first uuid, inout after uuid, format int,
                                                 out id bigint, out org_id uuid, out starts int, out urgent boolean,
                                                 out more boolean)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  owed  record;
  taken prewarm.leases;
begin
  more := false;
  -- Another worker may take the same org at the same time.
  for try in 1..5 loop
    -- Functions are called in assignments, which costs less than to select from them.
    owed := prewarm.next_owed(lane, first, after);
    after := owed.after;
    urgent := owed.org_id is not null;
    if not urgent and not owed.more and format is not null then
      owed := prewarm.next_later(format);
    end if;
    org_id := owed.org_id;
    more := owed.more;
    exit when org_id is null;
    taken := prewarm.take_lease(org_id, me, lease, false);
    if taken.org_id is not null then
      id := taken.holder;
      starts := taken.starts;
      more := more or prewarm.anything_owed(besides => org_id);
      return;
    end if;
  end loop;
end $$;
