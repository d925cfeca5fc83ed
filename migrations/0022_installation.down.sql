drop function prewarm.renew_if_behind(uuid, xid8), prewarm.renew_installation(), prewarm.begin_installation();
drop view prewarm.present_installation, prewarm.epoch;

create table prewarm.epoch (
  epoch     bigint  not null check (epoch > 0),
  singleton boolean primary key default true check (singleton)
);

insert into prewarm.epoch (epoch) select epoch from prewarm.installation;

drop table prewarm.installation;
drop function prewarm.timeline(), prewarm.system_identifier(), prewarm.database_oid();
