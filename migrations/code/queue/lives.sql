-- Whether a process lives. Postgres ends its lock when it is killed, and when its session has been silent for eight seconds:
-- see store/src/queue/life.rs.
create or replace function prewarm.lives(life int) returns boolean
language plpgsql stable as $$
begin
  return exists (
    select
      from pg_locks l
     where l.locktype = 'advisory'
       and l.database = (select d.oid from pg_database d where d.datname = current_database())
       and l.classid::bigint = hashtext('prewarm.life')::bigint & 4294967295
       and l.objid::bigint = life
       and l.objsubid = 2
       and l.granted
  );
end $$;
