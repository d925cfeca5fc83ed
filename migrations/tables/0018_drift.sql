-- A walk over all orgs compares what is kept of each with the source. It changes by differences, so that a fault would stay.
create table prewarm.drift_walk (
  next_org   uuid        not null default '00000000-0000-0000-0000-000000000000',
  not_before timestamptz not null default '-infinity',
  singleton  boolean     primary key default true check (singleton)
);

comment on column prewarm.drift_walk.next_org is 'every org with a lesser id has been compared in this round';
comment on column prewarm.drift_walk.not_before is 'the walk rests: a comparison reads all that an org has';

insert into prewarm.drift_walk default values;
