-- store::erasures::may_show_erased
-- Whether a version made at an instant may show data that was erased since. Finished erasures are remembered for a
-- while, so the answer is yes for older versions. A version from before the end of an erasure may be from before its
-- deletion. One row. $1 org, $2 instant, $3 seconds for which finished erasures are remembered.
select $2 < statement_timestamp() - make_interval(secs => $3)
       or exists (
         select
           from prewarm.erasures e
          where e.org_id = $1
            and (e.done_at is null or e.done_at >= $2)
       ) as "hides!"
