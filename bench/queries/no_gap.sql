-- bench::rows::maintenance
-- Sessions from now on rebuild an org as soon as it changes again.
do $$ begin
  execute format('alter database %I set prewarm.rebuild_gap = %L', current_database(), '0');
end $$
