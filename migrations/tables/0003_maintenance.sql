-- The tables that the models are read from. A rebuild updates the rows that a change has touched, so that an event costs the
-- same in an org of five hundred contacts and in one of a hundred thousand.

-- view_actionable_leads materialised: one row a lead, kept by the org's rebuilds.
create table prewarm.actionable_leads (
  id                 uuid        primary key,
  org_id             uuid        not null,
  contact_name       text,
  phone_number       text,
  email              text,
  lead_score         int,
  lead_status        text        not null,
  service_interests  text[],
  last_contact_at    timestamptz,
  created_at         timestamptz,
  total_calls        bigint      not null,
  last_call_at       timestamptz,
  duration_total     bigint      not null,
  duration_calls     bigint      not null,
  avg_call_duration  numeric     generated always as (duration_total::numeric / nullif(duration_calls, 0)) stored,
  sentiment_total    bigint      not null,
  sentiment_trend    numeric     generated always as (coalesce(sentiment_total::numeric / nullif(total_calls, 0), 0)) stored,
  lead_temperature   text        not null,
  lead_temp          text        generated always as (lead_temperature) stored,
  follow_up_urgency  text        not null,
  last_call_summary  text,
  urgency_rank       int         not null,
  urgency_until      timestamptz,
  estimated_value    numeric
);

comment on column prewarm.actionable_leads.duration_total is 'seconds over duration_calls calls: the exact parts of the mean';
comment on column prewarm.actionable_leads.sentiment_total is 'positive calls less negative ones';
comment on column prewarm.actionable_leads.urgency_rank is '1 high, 2 medium, 3 low';
comment on column prewarm.actionable_leads.urgency_until is 'when follow_up_urgency falls by time alone; null when it never does';

-- The order of the leads model: its first fifty are the first fifty of this index.
create index actionable_leads_order
  on prewarm.actionable_leads (org_id, urgency_rank, lead_score desc nulls last, created_at desc nulls last, id);

-- The newest hot leads, for activity.
create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc nulls last, id desc)
  where lead_score >= 80;

create index actionable_leads_deadline
  on prewarm.actionable_leads (org_id, urgency_until)
  where urgency_until is not null;

-- The parts of the pulse that are of leads, in 1,024 buckets by the contact's id, and of each 32 of those. An index is made
-- of this function: it never changes.
create function prewarm.bucket_of(contact uuid) returns int
language sql immutable return uuid_hash(contact) & 1023;

create index actionable_leads_bucket on prewarm.actionable_leads (org_id, prewarm.bucket_of(id));

create table prewarm.lead_sums (
  org_id         uuid     not null,
  level          smallint not null,
  bucket         int      not null,
  pipeline_total numeric  not null,
  hot_leads      bigint   not null,
  primary key (org_id, level, bucket)
) with (fillfactor = 80);

comment on column prewarm.lead_sums.level is '0 a bucket of leads, 1 the 32 buckets from 32 times its number on';

-- Sums of an org's calls (without test calls) and live appointments by the time of their creation: by UTC hour, of the
-- hours by day, of the days by month, and of the months by year: a century has 1,200 months. An hour with many is kept by
-- bins as well, so that a change reads a bin's calls again and not an hour's. Exact: readers divide them and round once.
create table prewarm.sums (
  org_id           uuid        not null,
  level            smallint    not null,
  start            timestamptz not null,
  total_calls      bigint      not null,
  inbound_calls    bigint      not null,
  outbound_calls   bigint      not null,
  answered_calls   bigint      not null,
  duration_total   bigint      not null,
  duration_calls   bigint      not null,
  sentiment_total  numeric     not null,
  sentiment_calls  bigint      not null,
  successful_calls bigint      not null,
  appointments     bigint      not null,
  primary key (org_id, level, start)
) with (fillfactor = 80);

comment on column prewarm.sums.level is '0 a bin of ten seconds, 1 an hour, 2 a day, 3 a month, 4 a year; in UTC';
comment on column prewarm.sums.start is 'its first instant';

-- Orgs whose tables above are complete, as of their last rebuild; how much there was decides when making all anew is
-- cheaper than what was touched.
create table prewarm.maintained (
  org_id     uuid        primary key,
  as_of      timestamptz not null,
  leads      bigint      not null,
  hours      bigint      not null,
  rebuilt_at timestamptz not null
) with (fillfactor = 80);

comment on column prewarm.maintained.leads is 'when all was made anew the last time';
comment on column prewarm.maintained.rebuilt_at is 'by the clock on the wall: the next rebuild waits for prewarm.rebuild_gap()';

-- The versions that the last refresh of prewarm.fleet_pulse was made from. A refresh reads something of every org, so one that
-- would change nothing is left out. Both, since a rebuild that began before another may commit after it, and counts may begin anew.
create table prewarm.fleet_pulse_made (
  versions  bigint  not null,
  as_of     timestamptz,
  singleton boolean primary key default true check (singleton)
);

comment on column prewarm.fleet_pulse_made.versions is 'the sum of all orgs'' counts';
comment on column prewarm.fleet_pulse_made.as_of is 'the newest instant of any';
