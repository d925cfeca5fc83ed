-- A rebuild learns what was touched, and reads no more than that of what it remembers.
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

comment on column prewarm.maintained.rebuilt_at is 'by the clock on the wall: the next rebuild waits for prewarm.settings.rebuild_gap';

-- Functions that code/ no longer has, or has with other arguments or results.
drop function if exists
  prewarm.anything_owed(uuid), prewarm.few_callers(), prewarm.maintain(uuid, timestamptz),
  prewarm.pause_after(interval), prewarm.rebuild_gap(), prewarm.take_lease(uuid, text, interval, boolean);
