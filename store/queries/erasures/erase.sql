-- store::erasures::erase
-- Removes the data that an erasure owes of some calls. True: nothing is left; null: another process has it, or it is
-- done. $1 erasure, $2 calls at most.
select prewarm.erase($1, $2) as "is_all"
