-- Firings of crons: the row decides which of all workers fires a slot.
create table prewarm.cron_slots (
  name     text        not null,
  slot     timestamptz not null,
  fired_at timestamptz not null default statement_timestamp(),
  primary key (name, slot)
);
