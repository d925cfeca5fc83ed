-- store::queue::crons::now
select statement_timestamp() as "now!: PgTime"
