-- store::queue::retire
-- $1 how the workers' names begin.
select prewarm.release(j.id, j.lock_by)
  from apalis.jobs j
 where j.status = 'Running'
   and starts_with(j.lock_by, $1)
