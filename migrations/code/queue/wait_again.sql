-- Makes a claimed or dead job wait, or deletes it if another job of its subject waits already.
create or replace function prewarm.wait_again(job_id bigint, starts int, at timestamptz) returns void
language plpgsql as $$
begin
  update prewarm.jobs j
     set state = 'waiting', attempts = starts, run_at = at, worker = null, claimed_at = null, ended_at = null
   where j.id = job_id;
exception when unique_violation then
  delete from prewarm.jobs j where j.id = job_id;
end $$;
