-- Ends the sessions in which a former holder of an org's lease still rebuilds it. Postgres keeps the session of a worker that a
-- silent network has cut off, or that hangs, until its statement ends and longer, and the next rebuild would wait for its
-- locks. Sessions of a role that this one may not end are left alone.
create or replace procedure prewarm.evict_former_holder(org uuid)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_terminate_backend(l.pid)
     from pg_locks l
     join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory'
      and l.database = a.datid
      and l.classid::bigint = hashtext('prewarm.rebuild')::bigint & 4294967295
      and l.objid::bigint = uuid_hash(org)::bigint & 4294967295
      and l.objsubid = 2
      and a.datname = current_database()
      and pg_has_role(a.usesysid, 'usage');
end $$;
