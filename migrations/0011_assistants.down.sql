delete from apalis.jobs where job_type = 'prewarm';

create or replace function prewarm.retry(job_id text) returns boolean
language plpgsql as $$
declare
  subject text;
begin
  select split_part(j.idempotency_key, '#', 1) into subject
    from apalis.jobs j
   where j.id = job_id and j.status = 'Killed'
     for update;
  if not found then
    return false;
  end if;
  delete from prewarm.leases l where l.holder = job_id;
  begin
    update apalis.jobs j
       set status = 'Pending', attempts = 0, run_at = now(), lock_by = null, lock_at = null, done_at = null,
           idempotency_key = subject
     where j.id = job_id;
  exception when unique_violation then
    -- The subject waits already.
    delete from apalis.jobs j where j.id = job_id;
  end;
  return true;
end $$;

drop function prewarm.claim_prewarms;
drop view prewarm.due_prewarms;
drop function prewarm.prewarm_places();
drop function prewarm.fold_agents, prewarm.marked_agents, prewarm.agent_of;

call prewarm.unwatch('public.agents');
call prewarm.unwatch('public.phone_numbers');
drop procedure prewarm.watch_with;
drop function prewarm.mark_agents_of_numbers, prewarm.mark_agents, prewarm.mark_all_agents;

create function prewarm.mark_agents_updated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select org_id, tg_table_name
    from (select id, org_id, to_jsonb(n) - '{vapi_assistant_id,config_hash}'::text[] from new_rows n
          except
          select id, org_id, to_jsonb(o) - '{vapi_assistant_id,config_hash}'::text[] from old_rows o) as changed
  union
  select org_id, tg_table_name
    from (select id, org_id, to_jsonb(o) - '{vapi_assistant_id,config_hash}'::text[] from old_rows o
          except
          select id, org_id, to_jsonb(n) - '{vapi_assistant_id,config_hash}'::text[] from new_rows n) as changed;
  return null;
end $$;

call prewarm.watch('public.agents', on_update => 'prewarm.mark_agents_updated');
call prewarm.watch('public.phone_numbers');

drop view prewarm.agents_to_warm;
drop table prewarm.phone_mappings, prewarm.assistants, prewarm.agent_marks;
