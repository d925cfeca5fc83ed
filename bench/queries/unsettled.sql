-- bench::stack::settled
-- What is still to be done: changes that no blob holds, rebuilds under way, versions that are not announced. One row.
select (select count(*) from prewarm.marks)
     + (select count(*) from prewarm.leases where holder <> 'resting')
     + (select count(*) from prewarm.versions where not published)
