-- store::clock::now
-- The database's time.
select statement_timestamp() as "now!: PgTime"
