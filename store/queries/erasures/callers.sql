-- store::erasures::callers
-- Erases contacts and the calls that are theirs or have one of these numbers; what was removed from the source, by place.
-- $1 contacts, $2 spellings of a number, $3 names to bury, $4 the org whose calls are meant (null: all).
select place as "place!", removed as "removed!"
  from prewarm.erase_callers($1, $2, $3, $4)
