-- store::queue::crons::look
-- The database's time, and whether anything waits for a sweep.
select statement_timestamp() as "now!: PgTime", prewarm.sweep_is_due() as "sweeps!"
