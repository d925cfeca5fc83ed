-- store::queue::deadlines::look
-- One row, from two probes of the index versions_deadline.
select exists (
         select
           from prewarm.versions
          where next_change_at <= statement_timestamp()
            and next_change_at > statement_timestamp() - interval '5 seconds'
       ) as "passed!",
       (select extract(epoch from min(next_change_at) - statement_timestamp())::float8
          from prewarm.versions
         where next_change_at > statement_timestamp()) as next_seconds
