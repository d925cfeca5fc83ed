create or replace function prewarm.push_rebuilds(orgs uuid[]) returns int
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  pushed int;
begin
  insert into apalis.jobs (id, job_type, job, max_attempts, idempotency_key)
  select apalis.generate_ulid(), 'rebuild',
         convert_to(json_build_object('kind', 'rebuild', 'org_id', org_id)::text, 'UTF8'),
         prewarm.quarantine_starts(), 'rebuild:' || org_id
    from unnest(orgs) as org_id
   order by org_id
      on conflict (job_type, idempotency_key) do nothing;
  get diagnostics pushed = row_count;
  return pushed;
end $$;

drop function prewarm.rebuild_gap;
drop function prewarm.maintain;
drop procedure prewarm.maintain_anew;
drop procedure prewarm.make_sums;
drop function prewarm.sums_of;
drop procedure prewarm.make_leads;
drop function prewarm.lead_sums_of;
drop procedure prewarm.write_sums;
drop procedure prewarm.write_leads;
drop procedure prewarm.write_lead_sums;
drop function prewarm.stale_buckets;
drop procedure prewarm.write_bins;
drop function prewarm.spans_between;
drop function prewarm.leads_at;
drop table prewarm.lead_sums;
drop index prewarm.actionable_leads_bucket;
drop function prewarm.bucket_of;
alter table prewarm.actionable_leads drop column estimated_value;
drop table prewarm.sums;
drop function prewarm.dense_hour;
drop table prewarm.maintained;

call prewarm.unwatch('public.appointments');
call prewarm.unwatch('public.contacts');
call prewarm.unwatch('public.calls');
call prewarm.watch('public.contacts');
call prewarm.watch('public.calls');
call prewarm.watch('public.appointments');

create or replace function prewarm.mark_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from prewarm.source_organizations
  union
  select org_id, tg_table_name from prewarm.versions;
  return null;
end $$;

drop function prewarm.mark_appointments, prewarm.mark_contacts, prewarm.mark_calls;
drop function prewarm.mark_new_appointments, prewarm.mark_new_contacts, prewarm.mark_new_calls;
drop function prewarm.bin_of;
drop function prewarm.hour_of;
drop function prewarm.is_wide;

alter table prewarm.marks
  drop column wide, drop column bins, drop column booked, drop column phones, drop column contacts;
