-- store::erasures::callers
-- Erases contacts, and calls that are theirs or have one of these numbers. A row for each place: the rows removed
-- there. $1 contacts, $2 spellings of a number, $3 names for tombstones, $4 the org whose calls are meant (null: all).
select place as "place!", removed as "removed!"
  from prewarm.erase_callers($1, $2, $3, $4)
