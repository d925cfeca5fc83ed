-- store::erasures::erase
-- Removes of an erasure what some calls have. True: that was all; null: it is another's turn, or over.
-- $1 the erasure, $2 calls at most.
select prewarm.erase($1, $2) as "is_all"
