-- store::orgs::find
-- What an org calls itself, and its time zone, both as they were written.
-- $1 org.
select name, timezone
  from prewarm.source_organizations
 where id = $1
