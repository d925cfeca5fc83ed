-- store::attach::triggers
-- The statements that put our triggers on the tables, and what their owner must be granted to run them.
-- $1 only those for tables that this role does not own.
select statement as "statement!"
  from prewarm.trigger_statements() t
 where not ($1 and t.is_ours)
 order by t.place
