-- The applied migrations: the newest number of each folder, the digest of the code, and the release that applied it, since of
-- two digests the later release's is the newer one. The schema is looked up first, because even `if not exists` asks for the
-- right to make schemas, and an operator may have made ours.
do $$ begin
  if to_regnamespace('prewarm') is null then create schema prewarm; end if;
end $$;

create table prewarm.schema (
  tables     int     not null,
  standalone int     not null,
  code       text    not null,
  singleton  boolean primary key default true check (singleton),
  release    int[]   not null default '{0,0,0}'
);
insert into prewarm.schema (tables, standalone, code) values (0, 0, '');
