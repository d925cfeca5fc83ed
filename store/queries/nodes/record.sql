-- store::nodes::record
-- Records that a process runs, and deletes those silent for a day. One row: whether a worker of a newer format runs.
-- $1 name, $2 whether it rebuilds, $3 format.
with told as (
  insert into prewarm.nodes as held (name, works, format)
  values ($1, $2, $3)
      on conflict (name) do update
     set seen_at = excluded.seen_at
),
gone as (
  delete from prewarm.nodes where seen_at < now() - interval '1 day' and name <> $1
)
select exists (select from prewarm.live_nodes n where n.works and n.format > $3) as "newer_works!"
