-- store::migrate::standalone::look
-- Compares `public` with the temporary schema, in which this session has created the source. A row for each of its relations,
-- whose difference is null if `public` has one of that name, and a row for each difference of such a relation. An additional
-- column is no difference if a new row may leave it out.
with relations as (
  select o.relname::text as relation, o.oid as ours, t.oid as theirs
    from pg_class o
    left join pg_class t on t.relname = o.relname and t.relnamespace = 'public'::regnamespace
   where o.relnamespace = pg_my_temp_schema()
     and o.relkind in ('r', 'v')
), parts as (
  select r.relation, side.is_ours, part.*
    from relations r
   cross join lateral (values (true, r.ours), (false, r.theirs)) as side (is_ours, oid)
   cross join lateral (
     select 'the column ' || a.attname as part,
            format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as definition,
            not a.attnotnull or a.atthasdef as may_be_left_out
       from pg_attribute a
      where a.attrelid = side.oid and a.attnum > 0 and not a.attisdropped
     union all
     select 'the constraint ' || regexp_replace(pg_get_constraintdef(k.oid), '\m(public|pg_temp_\d+)\.', '', 'g'), '', false
       from pg_constraint k
      where k.conrelid = side.oid and k.contype <> 'n'
   ) part
   where r.theirs is not null
)
select relation as "relation!", case when theirs is null then relation || ' is missing' end as difference
  from relations
union all
select relation,
       part || ' of ' || relation
       || case when t.definition is null then ' is missing' when o.definition is null then ' is not ours' else ' differs' end
  from (select * from parts where is_ours) o
  full join (select * from parts where not is_ours) t using (relation, part)
 where o.definition is distinct from t.definition
   and (o.definition is not null or not t.may_be_left_out)
 order by 1, 2 nulls first
