-- store::snapshot::commit
-- All that a rebuild writes at its end, in one round trip: makes its version the org's newest if the one that it was built
-- upon still is, writes the blobs whose digest differs, and removes the marks that the snapshot sees.
-- $1 org, $2 epoch, $3 n, $4 format, $5 as_of, $6 next_change_at, $7 and $8 the version built upon; $9 models, $10 digests
-- and $11 bytes, side by side. One row: whether it was not superseded, the models written, and since when the oldest of the
-- changes has been committed (where Postgres tracks that).
with advanced as (
  insert into prewarm.versions as held (org_id, epoch, n, format, as_of, next_change_at, published, took)
  values ($1, $2, $3, $4, $5, $6, false, clock_timestamp() - now())
      on conflict (org_id) do update
     set (epoch, n, format, as_of, next_change_at, published, took)
       = (excluded.epoch, excluded.n, excluded.format, excluded.as_of, excluded.next_change_at, false, excluded.took)
   where (held.epoch, held.n) = ($7, $8)
  returning org_id
),
written as (
  insert into prewarm.blobs as held (org_id, model, digest, bytes)
  select advanced.org_id, made.*
    from advanced
   cross join unnest($9::text[], $10::bytea[], $11::bytea[]) as made (model, digest, bytes)
      on conflict (org_id, model) do update
     set digest = excluded.digest,
         bytes = excluded.bytes
   where held.digest <> excluded.digest
      or substr(held.bytes, 1, 4) <> substr(excluded.bytes, 1, 4)
  returning model
),
removed as (
  delete from prewarm.marks
   where org_id = (select org_id from advanced)
  returning case when current_setting('track_commit_timestamp')::boolean then pg_xact_commit_timestamp(xid::xid) end as changed_at
)
select exists (select from advanced) as "advanced!",
       array(select model from written) as "written!",
       (select min(changed_at) from removed) as "changed_at: PgTime"
