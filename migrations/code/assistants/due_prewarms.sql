-- Jobs about assistants that may start now.
create or replace view prewarm.due_prewarms as
  select d.id, d.priority, d.run_at, d.subject, d.subject like 'test\_call:%' as is_test_call
    from prewarm.due_jobs d
   where d.job_type = 'prewarm'
     and not exists (
       select from prewarm.assistants s where s.agent_id = prewarm.agent_of(d.subject) and s.until > now()
     );
