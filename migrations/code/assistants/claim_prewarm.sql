-- Claims one of what needs Vapi: a test call first, since a person waits; then scheduled work, and an agent with marks. The
-- worker says what it has room for. One row always; without an id, there is nothing to start now. An idle claim writes
-- nothing. The planner settings are as in prewarm.claim_rebuild.
create or replace function prewarm.claim_prewarm(me text, lease interval, inout after uuid, test_calls boolean,
                                                 others boolean, out id bigint, out kind text, out subject uuid,
                                                 out attempts int, out max_attempts int)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  if test_calls then
    select t.claim, 'test_call', t.id, t.attempts, prewarm.quarantine_starts()
      into id, kind, subject, attempts, max_attempts
      from prewarm.claim_test_call(me, lease) t;
  end if;
  if id is null and others then
    select j.id, j.kind, j.attempts, j.max_attempts into id, kind, attempts, max_attempts from prewarm.claim(me, 'prewarm') j;
  end if;
  -- Another worker may reserve the same agent at the same time.
  for try in 1..5 loop
    exit when id is not null or not others or not exists (select from prewarm.agent_marks);
    select a.after, a.agent_id into after, subject from prewarm.next_agent(after) a;
    exit when subject is null;
    select nextval('prewarm.jobs_id_seq'), 'prewarm', r, prewarm.quarantine_starts()
      into id, kind, attempts, max_attempts
      from prewarm.reserve_agent(subject, me, lease) r;
  end loop;
end $$;
