-- store::versions::advance
-- Makes a version the org's newest, if the one that it was built upon still is. One row affected, or none: superseded.
-- $1 org, $2 epoch, $3 n, $4 format, $5 as_of, $6 next_change_at, $7 and $8 the version built upon.
insert into prewarm.versions as held (org_id, epoch, n, format, as_of, next_change_at, published, took)
values ($1, $2, $3, $4, $5, $6, false, clock_timestamp() - now())
    on conflict (org_id) do update
   set (epoch, n, format, as_of, next_change_at, published, took)
     = (excluded.epoch, excluded.n, excluded.format, excluded.as_of, excluded.next_change_at, false, excluded.took)
 where (held.epoch, held.n) = ($7, $8)
