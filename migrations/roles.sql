-- Three roles for Prewarm, of which each may do its work and nothing else. The owner of the application's tables and of the
-- database runs this, at Supabase `postgres`; it may be run again. `prewarm_migrate` makes and owns the schema `prewarm`, and
-- grants to the others what they need there.

-- Attributes are given at CREATE ROLE alone: a role that is no superuser may not alter them. With row level security Prewarm has to
-- see all rows.
do $$
declare
  one text;
begin
  foreach one in array array['prewarm_migrate', 'prewarm_worker', 'prewarm_api'] loop
    if not exists (select from pg_roles where rolname = one) then
      begin
        execute format('create role %I login bypassrls', one);
      exception when insufficient_privilege then
        execute format('create role %I login', one);
      end;
    end if;
    if not (select rolbypassrls from pg_roles where rolname = one) then
      raise warning '% may not bypass row level security, as % may not give that: a superuser has to run: alter role % bypassrls',
        one, current_user, one;
    end if;
  end loop;
end $$;

do $$
declare
  owner constant text := coalesce((select n.nspowner::regrole::text from pg_namespace n where n.nspname = 'prewarm'),
                                  'prewarm_migrate');
begin
  execute format('grant create, temporary on database %I to prewarm_migrate', current_database());
  execute format('grant connect on database %I to prewarm_migrate, prewarm_worker, prewarm_api', current_database());
  -- The owner of the schema ends the sessions of processes that have lost their work to another.
  execute format('grant prewarm_worker, prewarm_api to %s', owner);
end $$;

-- None of them can log in by password before you have given it one:
--   alter role prewarm_migrate password '…';
--   alter role prewarm_worker password '…';
--   alter role prewarm_api password '…';
