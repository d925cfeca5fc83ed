-- store::roles::ownership
-- Whether this role may make or change the schema. One row: the role, the schema's owner if there is a schema, whether this role
-- may act as the owner, the database, and whether this role may make schemas in it.
select current_user::text as "role!", n.nspowner::regrole::text as owner, pg_has_role(n.nspowner, 'usage') as "is_ours?",
       format('%I', current_database()) as "database!", has_database_privilege(current_database(), 'create') as "may_create!"
  from (values (to_regnamespace('prewarm')::oid)) as schema (oid)
  left join pg_namespace n on n.oid = schema.oid
