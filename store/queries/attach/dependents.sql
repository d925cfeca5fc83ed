-- store::attach::detach
-- Views outside our schema that read it: to drop our schema would drop them.
select distinct v.oid::regclass::text as "view!"
  from pg_depend d
  join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
  join pg_class v on v.oid = r.ev_class and v.relnamespace <> to_regnamespace('prewarm')
  left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
  left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
 where to_regnamespace('prewarm') in (c.relnamespace, p.pronamespace)
 order by 1
