-- Settings that an operator may tune: `update prewarm.settings set …`, in force from the next statement on.
create table prewarm.settings (
  rebuild_gap interval not null default '50 milliseconds' check (rebuild_gap between '0' and '1 minute'),
  singleton   boolean  primary key default true check (singleton)
);
comment on column prewarm.settings.rebuild_gap is 'an org''s rebuilds start no closer than this';
insert into prewarm.settings default values;
