-- store::queue::depth
-- $1 queue.
select count(*) filter (where status = 'Pending' or (status = 'Failed' and attempts < max_attempts)) as "waiting!",
       count(*) filter (where status = 'Running') as "running!",
       count(*) filter (where status = 'Killed') as "dead!"
  from apalis.jobs
 where job_type = $1
