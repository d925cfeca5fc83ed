-- The installation, and whether this database is the one that it was given to. A mark that the server does not tell, as
-- a standby does not tell its timeline, speaks neither for nor against it. `is_original` is cheap enough for every
-- rebuild; `is_of_cluster` reads a file, and is for those who look now and then. The database's oid is looked up in
-- place: a function would cost more than all of the rest.
create or replace view prewarm.present_installation as
  select i.id, i.epoch,
         i.xmin = i.xid::xid
           and i.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
           and case when i.timeline is null or pg_catalog.pg_is_in_recovery() then true
                    else i.timeline = pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8)
               end as is_original,
         case when i.system_identifier is null then true
              else i.system_identifier = (select c.system_identifier from pg_catalog.pg_control_system() c)
         end as is_of_cluster
    from prewarm.installation i;
