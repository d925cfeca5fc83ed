-- store::erasures::done
-- Records that no copy of an org shows data any more that was erased up to an erasure.
-- $1 org, $2 erasure.
update prewarm.erasures
   set done_at = statement_timestamp()
 where org_id = $1
   and id <= $2
   and erased_at is not null
   and done_at is null
