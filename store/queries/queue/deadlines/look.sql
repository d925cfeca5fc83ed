-- store::queue::deadlines::look
-- Two looks into the index versions_deadline. One row.
select exists (
         select
           from prewarm.versions
          where next_change_at <= statement_timestamp()
            and next_change_at > statement_timestamp() - interval '5 seconds'
       ) as "passed!",
       (select extract(epoch from min(next_change_at) - statement_timestamp())::float8
          from prewarm.versions
         where next_change_at > statement_timestamp()) as next_seconds
