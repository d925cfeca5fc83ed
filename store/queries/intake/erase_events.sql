-- store::intake::erase_events
-- Events that turn out to tell of what is erased.
-- Side by side: $1 events, $2 how much is.
update prewarm.events e
   set body = null, erased = told.erased
  from unnest($1::bigint[], $2::text[]) as told (id, erased)
 where e.id = told.id
