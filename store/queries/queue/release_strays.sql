-- store::queue::release_strays
-- $1 worker, $2 ids of what it holds, $3 the instant of the look before, or null. One row.
select prewarm.release_strays($1, $2, $3) as "strays!",
       now() as "at!: PgTime"
