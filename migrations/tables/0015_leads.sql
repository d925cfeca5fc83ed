-- Leads: view_actionable_leads materialised, as prewarm.leads_of defines it. A rebuild updates the rows that a change has
-- touched, so that an event costs the same in an org of five hundred contacts and in one of a hundred thousand.
create table prewarm.actionable_leads (
  id                uuid        primary key,
  org_id            uuid        not null,
  contact_name      text,
  phone_number      text,
  email             text,
  lead_score        int,
  lead_status       text        not null,
  service_interests text[],
  last_contact_at   timestamptz,
  created_at        timestamptz,
  total_calls       bigint      not null,
  last_call_at      timestamptz,
  duration_total    bigint      not null,
  duration_calls    bigint      not null,
  avg_call_duration numeric,
  sentiment_total   bigint      not null,
  sentiment_trend   numeric,
  lead_temperature  text        not null,
  lead_temp         text,
  follow_up_urgency text        not null,
  last_call_summary text,
  urgency_rank      int         not null,
  urgency_until     timestamptz,
  estimated_value   numeric
);
comment on column prewarm.actionable_leads.duration_total is 'seconds over duration_calls calls: the exact parts of the mean';
comment on column prewarm.actionable_leads.sentiment_total is 'positive calls less negative ones';
comment on column prewarm.actionable_leads.urgency_rank is '1 high, 2 medium, 3 low';
comment on column prewarm.actionable_leads.urgency_until is 'when follow_up_urgency falls by time alone; null when it never does';
-- The order of the leads model: its first fifty are the first fifty of this index.
create index actionable_leads_order
  on prewarm.actionable_leads (org_id, urgency_rank, lead_score desc nulls last, created_at desc nulls last, id);
create index actionable_leads_deadline on prewarm.actionable_leads (org_id, urgency_until) where urgency_until is not null;
-- The newest hot leads, for activity.
create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc nulls last, id desc)
  where lead_temperature = 'hot';

-- Contacts whose calls are so many that an event may not read them all: their sums, which change by differences, and their
-- newest call. A row goes with its lead.
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
