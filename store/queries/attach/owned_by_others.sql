-- store::attach::owned_by_others
-- Whether one of some tables belongs to a role that this one may not act as.
-- $1 tables.
select exists (
         select
           from unnest($1::text[]) as one (named)
           join pg_class c on c.oid = to_regclass(one.named)
          where not pg_has_role(c.relowner, 'usage')
       ) as "is!"
