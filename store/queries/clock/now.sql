-- store::clock::now
select statement_timestamp() as "now!: PgTime"
