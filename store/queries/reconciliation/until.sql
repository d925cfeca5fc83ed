-- store::reconciliation::until
-- The instant up to which Vapi's calls are taken in. At most one row.
select until as "until: PgTime" from prewarm.reconciliation
