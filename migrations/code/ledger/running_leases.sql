-- Orgs that somebody rebuilds, or that back off: they are left alone.
create or replace view prewarm.running_leases as
  select org_id from prewarm.leases where until > statement_timestamp();
