-- store::erasures::hides
-- Whether a version that was made at an instant may show what has been erased since, as far as is known: done erasures are
-- known for a while, and an older version is not believed. A version older than the end of an erasure may be older than its
-- deletion.
-- $1 org, $2 the instant, $3 seconds that done erasures are known for. One row.
select $2 < statement_timestamp() - make_interval(secs => $3)
       or exists (
         select
           from prewarm.erasures e
          where e.org_id = $1
            and (e.done_at is null or e.done_at >= $2)
       ) as "hides!"
