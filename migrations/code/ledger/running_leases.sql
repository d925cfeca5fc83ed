-- Orgs that are being rebuilt, or that back off. No other process may start on them.
create or replace view prewarm.running_leases as
  select org_id from prewarm.leases where until > statement_timestamp();
