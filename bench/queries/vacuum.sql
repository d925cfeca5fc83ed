-- bench::stack::seed
-- Done now, so that autovacuum does not do it while something is measured.
vacuum analyze
