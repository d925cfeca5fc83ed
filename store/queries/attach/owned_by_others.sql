-- store::attach::owned_by_others
-- Whether one of some tables, or of their partitions, belongs to a role that this one may not act as.
-- $1 tables.
with recursive one (oid) as (
  select to_regclass(named)::oid from unnest($1::text[]) as named
  union
  select i.inhrelid from one join pg_inherits i on i.inhparent = one.oid
)
select exists (select from one join pg_class c on c.oid = one.oid where not pg_has_role(c.relowner, 'usage')) as "is!"
