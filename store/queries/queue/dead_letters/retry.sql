-- store::queue::dead_letters::retry
-- $1 id.
select prewarm.retry($1) as "found!"
