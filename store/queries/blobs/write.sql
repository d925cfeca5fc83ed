-- store::blobs::write
-- Writes the blobs of one org whose digest differs, and tells which those were.
-- $1 org, $2 models, $3 digests, $4 bytes, side by side.
insert into prewarm.blobs as held (org_id, model, digest, bytes)
select $1, model, digest, bytes
  from unnest($2::text[], $3::bytea[], $4::bytea[]) as made (model, digest, bytes)
    on conflict (org_id, model) do update
   set digest = excluded.digest,
       bytes = excluded.bytes
 where held.digest <> excluded.digest
    or substr(held.bytes, 1, 4) <> substr(excluded.bytes, 1, 4)
returning model
