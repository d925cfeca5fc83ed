-- bench::rows::maintenance
-- Sessions from now on have the gap that is the default.
do $$ begin
  execute format('alter database %I reset prewarm.rebuild_gap', current_database());
end $$
