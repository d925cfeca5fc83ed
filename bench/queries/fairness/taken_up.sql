-- bench::rows::fairness
-- Whether nothing of an org is waiting. One row.
-- $1 org.
select not exists (select from prewarm.marks where org_id = $1)
