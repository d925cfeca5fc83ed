-- store::queue::board::counts
-- How much of each queue is in each state, and how many agents are at each stage.
select queue as "list!", state as "state!", count(*) as "count!"
  from prewarm.shown_jobs
 group by queue, state
 union all
select 'agents', stage, count(*)
  from prewarm.assistants
 group by stage
 order by 1, 2
