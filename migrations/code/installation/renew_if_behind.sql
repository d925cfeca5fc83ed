-- Begins another installation if the database's disk was set back to an earlier state, which leaves no trace in it: a
-- process has seen transaction `seen` of an installation, and the database has not come so far.
create or replace function prewarm.renew_if_behind(installation uuid, seen xid8) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if not exists (select from prewarm.installation i where i.id = installation)
     or pg_snapshot_xmax(pg_current_snapshot()) >= seen then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;
