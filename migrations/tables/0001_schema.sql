-- The applied migrations: the newest number of each folder, and the digest of the code.
create schema if not exists prewarm;

create table prewarm.schema (
  tables     int     not null,
  standalone int     not null,
  code       text    not null,
  singleton  boolean primary key default true check (singleton)
);

insert into prewarm.schema (tables, standalone, code) values (0, 0, '');
