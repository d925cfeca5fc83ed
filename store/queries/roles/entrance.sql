-- store::roles::entrance
-- Whether this role may ask what it lacks. One row: the role, and what keeps it from asking, if anything. Reads the catalog alone.
select current_user::text as "role!",
       case
         when not has_schema_privilege(n.oid, 'usage') then 'usage on schema prewarm'
         when not has_function_privilege(p.oid, 'execute') then 'execute on routine ' || p.oid::regprocedure
       end as lacks
  from (values (to_regnamespace('prewarm')::oid)) as n (oid)
  left join pg_proc p on p.pronamespace = n.oid and p.proname = 'missing_grants'
