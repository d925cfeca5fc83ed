-- Begins another installation if this database is a copy, or was set back, and tells whether it did. Any process that
-- may write calls this when it sees as much; of several at once one does it.
create or replace function prewarm.renew_installation() returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if coalesce((select p.is_original and p.is_of_cluster from prewarm.present_installation p), false) then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;
