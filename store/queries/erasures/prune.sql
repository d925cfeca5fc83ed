-- store::erasures::prune
-- Deletes finished erasures after a while, and tombstones that no event can match any more.
-- $1 the age in seconds of erasures, $2 of tombstones.
with old as (
  delete from prewarm.erasures where done_at < statement_timestamp() - $1 * interval '1 second'
)
delete from prewarm.tombstones where made_at < statement_timestamp() - $2 * interval '1 second'
