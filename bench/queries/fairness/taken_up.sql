-- bench::rows::fairness
-- Whether an org has no mark left. One row.
-- $1 org.
select not exists (select from prewarm.marks where org_id = $1)
