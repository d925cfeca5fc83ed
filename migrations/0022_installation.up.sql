-- The installation: which database this is, and since when. What lies outside Postgres (keys and channels in Redis,
-- editions in a process, versions and receipts that clients hold) belongs to one installation.

create table prewarm.installation (
  id                uuid    not null default gen_random_uuid(),
  epoch             bigint  not null check (epoch > 0),
  xid               xid8    not null default pg_current_xact_id(),
  database          oid     not null,
  timeline          text,
  system_identifier bigint,
  singleton         boolean primary key default true check (singleton)
);

comment on table prewarm.installation is 'one row; the columns from xid on tell the row that was written here from a copy of it';
comment on column prewarm.installation.id is 'random; part of every key and channel in Redis';
comment on column prewarm.installation.epoch is 'leads every version and receipt, since counts may come a second time after a restore';
comment on column prewarm.installation.xid is 'the transaction that wrote the row: a dump copies this column, but not the row''s xmin';
comment on column prewarm.installation.database is 'the database''s oid: a database made from a template has another';
comment on column prewarm.installation.timeline is 'of the WAL: recovery to a point in time, and promotion, begin another; null where the server does not tell';
comment on column prewarm.installation.system_identifier is 'of the cluster; null where the server does not tell';

-- The server's own marks, or null where a host does not offer them.
create function prewarm.timeline() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return case when not pg_is_in_recovery() then substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) end;
exception when others then
  return null;
end $$;

create function prewarm.system_identifier() returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select c.system_identifier from pg_control_system() c);
exception when others then
  return null;
end $$;

create function prewarm.database_oid() returns oid
language sql stable
return (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database());

insert into prewarm.installation (epoch, database, timeline, system_identifier)
select e.epoch, prewarm.database_oid(), prewarm.timeline(), prewarm.system_identifier()
  from prewarm.epoch e;

drop table prewarm.epoch;

create view prewarm.epoch as
  select epoch from prewarm.installation;

comment on view prewarm.epoch is 'the present epoch, for receipts';

-- The installation, and whether this database is the one that it was given to. A mark that the server does not tell, as
-- a standby does not tell its timeline, speaks neither for nor against it. `is_original` is cheap enough for every rebuild;
-- `is_of_cluster` reads a file, and is for those who look now and then. The database's oid is looked up in place: a function
-- would cost more than all of the rest.
create view prewarm.present_installation as
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

-- Begins another installation and a higher epoch. The epoch is taken from the clock: two copies of one dump must not count
-- on in the same one.
create function prewarm.begin_installation() returns void
language sql set search_path = pg_catalog, pg_temp as $$
  insert into prewarm.installation as held (epoch, database, timeline, system_identifier)
  select greatest(extract(epoch from clock_timestamp())::bigint,
                  1 + coalesce((select max(i.epoch) from prewarm.installation i), 0),
                  1 + coalesce((select max(v.epoch) from prewarm.versions v), 0)),
         prewarm.database_oid(), prewarm.timeline(), prewarm.system_identifier()
      on conflict (singleton) do update
     set (id, epoch, xid, database, timeline, system_identifier)
       = (excluded.id, excluded.epoch, excluded.xid, excluded.database, excluded.timeline, excluded.system_identifier)
$$;

-- Begins another installation if this database is a copy, or was set back, and tells whether it did. Any process that may
-- write calls this when it sees as much; of several at once one does it.
create function prewarm.renew_installation() returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if coalesce((select p.is_original and p.is_of_cluster from prewarm.present_installation p), false) then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;

-- The same for a database whose disk was set back to an earlier state, which leaves no trace in it. A process has seen
-- transaction `seen` of an installation, and the database has not come so far.
create function prewarm.renew_if_behind(installation uuid, seen xid8) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtext('prewarm.installation'));
  if not exists (select from prewarm.installation i where i.id = installation)
     or pg_snapshot_xmax(pg_current_snapshot()) >= seen then
    return false;
  end if;
  perform prewarm.begin_installation();
  return true;
end $$;

revoke all on function prewarm.timeline(), prewarm.system_identifier(), prewarm.database_oid(), prewarm.begin_installation(),
  prewarm.renew_installation(), prewarm.renew_if_behind(uuid, xid8) from public;
