-- store::erasures::prune
-- Prunes the records of erasures that were done long ago, and tombstones that no message can meet again.
-- $1 the age in seconds of erasures, $2 of tombstones.
with old as (
  delete from prewarm.erasures where done_at < statement_timestamp() - $1 * interval '1 second'
)
delete from prewarm.tombstones where made_at < statement_timestamp() - $2 * interval '1 second'
