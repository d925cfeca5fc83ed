-- The applied migrations: the newest number of each folder, the digest of the code, and the release that applied the code.
create schema if not exists prewarm;

create table prewarm.schema (
  tables     int     not null,
  standalone int     not null,
  code       text    not null,
  release    int[]   not null default '{0,0,0}',
  singleton  boolean primary key default true check (singleton)
);

insert into prewarm.schema (tables, standalone, code) values (0, 0, '');
