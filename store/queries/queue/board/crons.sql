-- store::queue::board::crons
-- The newest firing of each cron.
select distinct on (name) name, slot as "slot: PgTime", fired_at as "fired_at: PgTime"
  from prewarm.cron_slots
 order by name, slot desc
