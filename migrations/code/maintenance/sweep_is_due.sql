-- Whether anything waits for a sweep: an open test call, an erasure or a parked event. Asked each second, and one index probe
-- each. The planner settings are for a plan that was made while the tables were empty.
create or replace function prewarm.sweep_is_due() returns boolean
language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return exists (select from prewarm.test_calls where stage in ('preparing', 'connecting', 'ready'))
      or exists (select from prewarm.erasures where done_at is null)
      or exists (
           select
             from prewarm.events
            where org_id is null and body is not null and (assistant_id is not null or phone_number_id is not null)
         );
end $$;
