-- bench::stack::settled
-- Whether something is still to be done: changes that no blob holds, rebuilds under way, versions that are not announced.
-- One row. Asked often, so it stops at the first.
select exists (select from prewarm.marks)
    or exists (select from prewarm.leases where holder <> 'resting')
    or exists (select from prewarm.versions where not published)
