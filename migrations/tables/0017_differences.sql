-- Sums change by differences. What is held was made by bins of ten seconds: an org's next rebuild makes all of it anew.
update prewarm.maintained set as_of = 'infinity';

-- Rows of bins say no instant. A writer that comes before `code/` puts its trigger again marks its org whole.
alter table prewarm.marks drop column bins, add column instants timestamptz[];

update prewarm.marks set wide = true;

comment on column prewarm.marks.instants is 'when the calls and appointments that changed were created: their sums have to be made anew';

comment on column prewarm.sums.level is '0 a second, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';

-- The org's pipeline and its hot leads change with each lead, so that no sums of leads are kept below them.
alter table prewarm.maintained
  add column pipeline_total numeric not null default 0,
  add column hot_leads bigint not null default 0;

comment on column prewarm.maintained.pipeline_total is 'the values of its leads';

drop function if exists
  prewarm.lead_sums_of(uuid), prewarm.stale_buckets(uuid, uuid[]), prewarm.changed_leads(uuid, timestamptz, uuid[]),
  prewarm.newly_dense(uuid, timestamptz, timestamptz[]), prewarm.touched_bins(uuid), prewarm.phones_of(uuid[]);

drop procedure if exists
  prewarm.watch(regclass, text, text, text, text, text, text, text), prewarm.make_leads(uuid, timestamptz), prewarm.put_leads(uuid, timestamptz, uuid[]),
  prewarm.write_leads(uuid, timestamptz, uuid[]), prewarm.write_lead_sums(uuid, int[]), prewarm.put_sums(prewarm.sums[]),
  prewarm.write_sums(uuid, timestamptz, timestamptz[]),
  prewarm.write_spans(uuid, timestamptz[], timestamptz[]), prewarm.write_level(uuid, int, timestamptz[]),
  prewarm.write_above(uuid, timestamptz[]);

drop table prewarm.lead_sums;

drop index prewarm.actionable_leads_bucket;

drop function prewarm.bucket_of(uuid);

-- Contacts whose calls are so many that an event may not read them all: their sums, which change by differences too, and
-- their newest call. A row goes with its lead.
create table prewarm.frequent_callers (
  contact_id      uuid        primary key references prewarm.actionable_leads on delete cascade,
  org_id          uuid        not null,
  calls           bigint      not null,
  duration_total  bigint      not null,
  duration_calls  bigint      not null,
  sentiment_total bigint      not null,
  last_at         timestamptz,
  last_id         uuid
) with (fillfactor = 80);

create index frequent_callers_org on prewarm.frequent_callers (org_id);

-- The calls of a frequent caller by the second of their creation.
create table prewarm.frequent_caller_bins (
  contact_id      uuid        not null references prewarm.frequent_callers on delete cascade,
  start           timestamptz not null,
  calls           bigint      not null,
  duration_total  bigint      not null,
  duration_calls  bigint      not null,
  sentiment_total bigint      not null,
  primary key (contact_id, start)
);
