-- Claims the test call that has waited longest; no row if none waits.
create or replace function prewarm.claim_test_call(me text, lease interval) returns setof prewarm.test_calls
language plpgsql as $$
begin
  if not exists (
    select
      from prewarm.test_calls t
     where t.stage in ('preparing', 'connecting')
       and t.claim is null
       and t.until <= statement_timestamp()
  ) then
    return;
  end if;
  return query
  update prewarm.test_calls t
     set claim = nextval('prewarm.jobs_id_seq'), worker = me, claimed_at = now(), until = now() + lease,
         attempts = t.attempts + 1
   where t.id = (
           select w.id
             from prewarm.test_calls w
            where w.stage in ('preparing', 'connecting')
              and w.claim is null
              and w.until <= statement_timestamp()
            order by w.created_at
            limit 1
              for update skip locked
         )
  returning t.*;
end $$;
