-- store::attach::detach
-- The statements that take our triggers from tables that are not ours, a table each. On tables that this role does not own they
-- go with our functions.
select string_agg(format('drop trigger if exists %I on %s', t.tgname, t.tgrelid::regclass), '; ' order by t.tgname)
         as "statements!"
  from pg_trigger t
  join pg_proc p on p.oid = t.tgfoid
  join pg_class c on c.oid = t.tgrelid
 where p.pronamespace = to_regnamespace('prewarm')
   and c.relnamespace <> p.pronamespace
   and t.tgparentid = 0
   and pg_has_role(c.relowner, 'usage')
 group by t.tgrelid
 order by t.tgrelid
