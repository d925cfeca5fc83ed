-- How far Vapi's own list of calls has been compared with what webhooks have told.

create table prewarm.reconciliation (
  singleton boolean     primary key default true check (singleton),
  until     timestamptz not null
);

comment on table prewarm.reconciliation is 'one row; none before the first pass';
comment on column prewarm.reconciliation.until is 'whatever changed at Vapi before is taken in';
