-- store::queue::upkeep::prune
-- An org that was still owed would have been claimed long before.
delete from prewarm.leases
 where until < now() - interval '10 minutes'
