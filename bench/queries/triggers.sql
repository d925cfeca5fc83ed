-- bench::rows::triggers
-- Switches our triggers on calls off, or on (ALWAYS).
do $$
declare
  name text;
begin
  for name in
    select t.tgname
      from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
     where t.tgrelid = 'public.calls'::regclass
       and p.pronamespace = 'prewarm'::regnamespace
  loop
    execute format('alter table public.calls %s trigger %I', 'SWITCH', name);
  end loop;
end $$
