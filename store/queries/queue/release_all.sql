-- store::queue::retire
-- $1 how the workers' names begin.
select prewarm.release(id, worker)
  from prewarm.jobs
 where state = 'running'
   and starts_with(worker, $1)
 union all
select prewarm.release_rebuild(holder)
  from prewarm.leases
 where holder is not null
   and starts_with(worker, $1)
