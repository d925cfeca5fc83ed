-- store::queue::life::hold
-- $1 the process' key.
select prewarm.lives($1) as "lives!"
