-- store::queue::board::counts
-- How many jobs each queue has in each state, and how many agents are at each stage.
select queue as "list!", state as "state!", count(*) as "count!"
  from prewarm.jobs
 group by queue, state
 union all
select 'agents', stage, count(*)
  from prewarm.assistants
 group by stage
 order by 1, 2
