-- store::leases::is_quarantined
-- Whether an org's rebuilds failed so often that it is in quarantine. One row.
-- $1 org.
select exists (
         select
           from prewarm.leases l
          where l.org_id = $1
            and l.starts >= prewarm.quarantine_starts()
            and l.until > statement_timestamp()
       ) as "quarantined!"
