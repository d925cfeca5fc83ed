-- store::queue::upkeep::prune
-- An org that is still owed would have been claimed long since.
delete from prewarm.leases
 where until < now() - interval '10 minutes'
