-- store::attach::survey
-- The mapped tables: what each is, whose, and about how many rows it has.
select s.source as "source!",
       s.named as "named!",
       c.relowner::regrole::text as "owner!",
       pg_has_role(c.relowner, 'usage') as "is_ours!",
       c.relrowsecurity as "row_security!",
       (select count(*) from prewarm.source_relations() r where r.source = s.source and not r.is_whole) as "partitions!",
       case when c.reltuples >= 0 then c.reltuples::bigint end as rows
  from prewarm.sources() s
  join pg_class c on c.oid = to_regclass(s.named)
