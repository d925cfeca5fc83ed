-- Whether a role has a privilege of prewarm.required_grants.
create or replace function prewarm.may(role name, kind text, id oid, privilege text) returns boolean
language sql stable
return case kind
  when 'schema' then has_schema_privilege(role, id, privilege)
  when 'table' then has_table_privilege(role, id, privilege)
  when 'column' then has_any_column_privilege(role, id, split_part(privilege, ' ', 1))
  when 'sequence' then has_sequence_privilege(role, id, privilege)
  else has_function_privilege(role, id, privilege)
end;
