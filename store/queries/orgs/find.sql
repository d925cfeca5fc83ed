-- store::orgs::find
-- An org's name and time zone, as written in the source.
-- $1 org.
select name, timezone
  from prewarm.source_organizations
 where id = $1
