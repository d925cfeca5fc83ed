-- store::queue::retire
-- $1 how the workers' names begin.
delete from prewarm.workers
 where starts_with(name, $1)
