-- bench::stack::settled
-- Whether work is left: changes that no blob holds, running rebuilds, or unpublished versions. One row. It runs often, so it
-- stops at the first find.
select exists (select from prewarm.marks)
    or exists (select from prewarm.leases where holder <> 'resting')
    or exists (select from prewarm.versions where not published)
