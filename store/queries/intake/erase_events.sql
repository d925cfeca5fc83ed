-- store::intake::erase_events
-- Drops the erased parts of events.
-- Side by side: $1 events, $2 the erased part.
update prewarm.events e
   set body = null, erased = told.erased
  from unnest($1::bigint[], $2::text[]) as told (id, erased)
 where e.id = told.id
