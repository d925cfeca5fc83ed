-- Marks for every change of the source, whoever makes it. Statement-level: a COPY of a million rows appends one mark an
-- org. SECURITY DEFINER, because a writer has no right on our schema; the search path is fixed for the same reason (0007
-- has functions that look nothing up, and need none).
-- No NOTIFY here: it would serialise the commits of all writers.

create function prewarm.mark_inserted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select distinct org_id, tg_table_name from new_rows;
  return null;
end $$;

create function prewarm.mark_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select distinct org_id, tg_table_name from old_rows;
  return null;
end $$;

-- A row that moves to another org marks both.
create function prewarm.mark_updated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select org_id, tg_table_name from new_rows
  union
  select org_id, tg_table_name from old_rows;
  return null;
end $$;

create function prewarm.mark_organizations_inserted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from new_rows;
  return null;
end $$;

create function prewarm.mark_organizations_deleted() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from old_rows;
  return null;
end $$;

create function prewarm.mark_organizations_updated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from new_rows
  union
  select id, tg_table_name from old_rows;
  return null;
end $$;

-- Our own record of what Vapi holds is no change of the agent.
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

-- TRUNCATE names no rows, so it may have touched every org; those that had blobs count even when their row is gone.
create function prewarm.mark_truncated() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into prewarm.marks (org_id, what)
  select id, tg_table_name from prewarm.source_organizations
  union
  select org_id, tg_table_name from prewarm.versions;
  return null;
end $$;

-- Puts the triggers on one source table. ENABLE ALWAYS, so that a session in replica role is noticed as well.
create procedure prewarm.watch(
  source regclass,
  on_insert regproc default 'prewarm.mark_inserted',
  on_update regproc default 'prewarm.mark_updated',
  on_delete regproc default 'prewarm.mark_deleted'
)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format(
    'create trigger prewarm_insert after insert on %s '
    'referencing new table as new_rows for each statement execute function %s()', source, on_insert);
  execute format(
    'create trigger prewarm_update after update on %s '
    'referencing old table as old_rows new table as new_rows for each statement execute function %s()', source, on_update);
  execute format(
    'create trigger prewarm_delete after delete on %s '
    'referencing old table as old_rows for each statement execute function %s()', source, on_delete);
  execute format(
    'create trigger prewarm_truncate after truncate on %s '
    'for each statement execute function prewarm.mark_truncated()', source);
  execute format(
    'alter table %s enable always trigger prewarm_insert, enable always trigger prewarm_update, '
    'enable always trigger prewarm_delete, enable always trigger prewarm_truncate', source);
end $$;

create procedure prewarm.unwatch(source regclass)
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  execute format('drop trigger if exists prewarm_insert on %s', source);
  execute format('drop trigger if exists prewarm_update on %s', source);
  execute format('drop trigger if exists prewarm_delete on %s', source);
  execute format('drop trigger if exists prewarm_truncate on %s', source);
end $$;

call prewarm.watch('public.organizations', 'prewarm.mark_organizations_inserted', 'prewarm.mark_organizations_updated',
                   'prewarm.mark_organizations_deleted');
call prewarm.watch('public.contacts');
call prewarm.watch('public.calls');
call prewarm.watch('public.appointments');
call prewarm.watch('public.agents', on_update => 'prewarm.mark_agents_updated');
call prewarm.watch('public.phone_numbers');
