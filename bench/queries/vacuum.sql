-- bench::stack::seed
-- Vacuums now, so that autovacuum does not run during a measurement.
vacuum analyze
