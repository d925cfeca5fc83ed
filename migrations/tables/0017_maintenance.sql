-- Orgs whose leads and sums are complete, as of their last rebuild. The numbers of leads and hours decide when making all anew
-- is cheaper than what was touched.
create table prewarm.maintained (
  org_id         uuid        primary key,
  as_of          timestamptz not null,
  leads          bigint      not null,
  hours          bigint      not null,
  rebuilt_at     timestamptz not null,
  pipeline_total numeric     not null default 0,
  hot_leads      bigint      not null default 0
) with (fillfactor = 80);
comment on column prewarm.maintained.leads is 'when all was made anew the last time';
comment on column prewarm.maintained.rebuilt_at is 'by the clock on the wall: the next rebuild waits for prewarm.settings.rebuild_gap';
comment on column prewarm.maintained.pipeline_total is 'the values of its leads';

create type prewarm.touched as (
  leads        int,
  contacts     uuid[],
  instants     timestamptz[],
  appointments boolean,
  is_listed    boolean,
  first        bigint,
  is_hot       boolean,
  pipeline     numeric,
  hot_leads    bigint
);
comment on type prewarm.touched is 'what the marks of an org have touched, as prewarm.maintain has brought it up to date';
comment on column prewarm.touched.leads is 'the number of leads that were touched';
comment on column prewarm.touched.contacts is 'the contacts of these leads';
comment on column prewarm.touched.instants is 'when the calls and appointments were created that were touched';
comment on column prewarm.touched.appointments is 'whether any appointment was touched';
comment on column prewarm.touched.is_listed is 'whether nothing but this has changed since the last rebuild';
comment on column prewarm.touched.first is 'prewarm.place_of the first of the leads that changed';
comment on column prewarm.touched.is_hot is 'whether one of those is hot now';
comment on column prewarm.touched.pipeline is 'by how much the value of all leads changed';
comment on column prewarm.touched.hot_leads is 'by how much the number of hot leads changed';

-- A walk over all orgs compares what is kept of each with the source. It changes by differences, so that a fault would stay.
create table prewarm.drift_walk (
  next_org   uuid        not null default '00000000-0000-0000-0000-000000000000',
  not_before timestamptz not null default '-infinity',
  singleton  boolean     primary key default true check (singleton)
);
comment on column prewarm.drift_walk.next_org is 'every org with a lesser id has been compared in this round';
comment on column prewarm.drift_walk.not_before is 'the walk rests: a comparison reads all that an org has';
insert into prewarm.drift_walk default values;

-- The versions that the last refresh of prewarm.fleet_pulse was made from: one that would change nothing is left out. Count and
-- instant, since a rebuild that began before another may commit after it, and counts may begin anew.
create table prewarm.fleet_pulse_made (
  versions  bigint  not null,
  as_of     timestamptz,
  singleton boolean primary key default true check (singleton)
);
comment on column prewarm.fleet_pulse_made.versions is 'the sum of all orgs'' counts';
comment on column prewarm.fleet_pulse_made.as_of is 'the newest instant of any';
