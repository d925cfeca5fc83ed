-- store::queue::retire
-- $1 how the workers' names begin.
with reserved as (
  update prewarm.assistants
     set starts = greatest(starts - 1, 0),
         until = case when holder is not null then until end
   where until > now()
     and starts_with(worker, $1)
)
select prewarm.release(id, worker)
  from prewarm.jobs
 where state = 'running'
   and starts_with(worker, $1)
 union all
select prewarm.release(holder, worker)
  from prewarm.leases
 where holder is not null
   and starts_with(worker, $1)
 union all
select prewarm.release(claim, worker)
  from prewarm.test_calls
 where claim is not null
   and starts_with(worker, $1)
