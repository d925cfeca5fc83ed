-- store::reconciliation::until
-- At most one row.
select until as "until: PgTime" from prewarm.reconciliation
