-- store::drift::mark_drifted
-- $1 org.
insert into prewarm.marks (org_id, what, wide) values ($1, 'drift', true)
