-- The ledger: what is owed (marks, deadlines, leases) and what was made (versions, blobs).

-- One row. The epoch leads every version and receipt; it is raised after a restore or a failover that lost writes,
-- because counts may then come a second time.
create table prewarm.epoch (
  epoch     bigint  not null check (epoch > 0),
  singleton boolean primary key default true check (singleton)
);

insert into prewarm.epoch (epoch) values (1);

-- What a transaction changed, appended by the transaction itself. No unique key and no foreign key: a writer never
-- waits for another writer, for a rebuild, or for the org's own row. Only a rebuild that saw a mark removes it.
create table prewarm.marks (
  org_id    uuid        not null,
  what      text        not null,
  xid       xid8        not null default pg_current_xact_id(),
  marked_at timestamptz not null default statement_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

comment on column prewarm.marks.what is 'the source table that changed';
comment on column prewarm.marks.xid is 'the transaction; a receipt is included once no mark of the org has its xid';

create index marks_org on prewarm.marks (org_id, xid);

-- The newest version of each org. A row exists from the org's first rebuild on.
create table prewarm.versions (
  org_id         uuid        primary key,
  epoch          bigint      not null,
  n              bigint      not null check (n > 0),
  format         int         not null,
  as_of          timestamptz not null,
  next_change_at timestamptz,
  published      boolean     not null default false
) with (fillfactor = 70);

comment on column prewarm.versions.n is 'rebuilds of the org within the epoch, in the order of their snapshots';
comment on column prewarm.versions.format is 'of the blobs; an older one is owed a rebuild';
comment on column prewarm.versions.as_of is 'the instant that the models are true for';
comment on column prewarm.versions.next_change_at is 'the first instant at which a model would differ by time alone';
comment on column prewarm.versions.published is 'whether this version has reached Redis and the feed';

create index versions_deadline on prewarm.versions (next_change_at) where next_change_at is not null;

create index versions_unpublished on prewarm.versions (org_id) where not published;

create index versions_format on prewarm.versions (format);

-- The newest blob of each model of each org. A rebuild that leaves a model's bytes as they were leaves its row alone.
create table prewarm.blobs (
  org_id uuid  not null,
  model  text  not null,
  digest bytea not null check (length(digest) = 16),
  bytes  bytea not null,
  primary key (org_id, model)
);

-- Compressed already.
alter table prewarm.blobs alter column bytes set storage external;

-- Who rebuilds an org, until when nobody else starts, and how often it was started without an end. Saves work;
-- nothing relies on it, since a rebuild that lost its lease also loses the compare-and-set.
create table prewarm.leases (
  org_id uuid        primary key,
  holder text        not null,
  starts int         not null default 1 check (starts > 0),
  until  timestamptz not null
);

comment on column prewarm.leases.starts is 'consecutive starts without an end; from three on the org is in quarantine';
comment on column prewarm.leases.until is 'nobody starts before; after a failure, the end of its back-off';

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
  created_at         timestamptz not null,
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
  urgency_until      timestamptz
);

comment on column prewarm.actionable_leads.duration_total is 'seconds over duration_calls calls: the exact parts of the mean';
comment on column prewarm.actionable_leads.sentiment_total is 'positive calls less negative ones';
comment on column prewarm.actionable_leads.urgency_rank is '1 high, 2 medium, 3 low';
comment on column prewarm.actionable_leads.urgency_until is 'when follow_up_urgency falls by time alone; null when it never does';

-- The order of the leads model: its first fifty are the first fifty of this index.
create index actionable_leads_order
  on prewarm.actionable_leads (org_id, urgency_rank, lead_score desc nulls last, created_at desc, id);

-- The newest hot leads, for activity.
create index actionable_leads_hot
  on prewarm.actionable_leads (org_id, (coalesce(last_contact_at, created_at)) desc, id desc)
  where lead_score >= 80;

create index actionable_leads_deadline
  on prewarm.actionable_leads (org_id, urgency_until)
  where urgency_until is not null;

-- What is owed, read from committed rows alone. An org whose lease runs is left out: it is being rebuilt, or backs off.
-- The recursive part skips from org to org through the index, so that a million marks of one org cost one look.
create view prewarm.owed as
  with recursive marked as (
    (select org_id from prewarm.marks order by org_id limit 1)
    union all
    select (select m.org_id from prewarm.marks m where m.org_id > marked.org_id order by m.org_id limit 1)
      from marked
     where marked.org_id is not null
  ),
  reasons as (
    select org_id, 'marks' as reason
      from marked
     where org_id is not null
    union all
    select org_id, 'deadline'
      from prewarm.versions
     where next_change_at <= statement_timestamp()
    union all
    select org_id, 'unpublished'
      from prewarm.versions
     where not published
  )
  select r.org_id, r.reason
    from reasons r
   where not exists (
     select from prewarm.leases l where l.org_id = r.org_id and l.until > statement_timestamp()
   );
