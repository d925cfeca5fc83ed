-- store::marks::may_be_owed
-- A probe of the marks, and one of the leases that were given back and whose time has come.
select exists (select from prewarm.marks)
       or exists (select from prewarm.leases where holder is null and until <= statement_timestamp()) as "any!"
