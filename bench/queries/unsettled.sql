-- bench::stack::settled
-- Whether work is left: changes that no blob holds, or rebuilds that have not ended well. One row. It runs often, so it stops
-- at the first find.
select exists (select from prewarm.marks)
    or exists (select from prewarm.leases)
