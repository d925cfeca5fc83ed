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
