-- bench::stack::forget
-- Deletes everything that rebuilds have made, as if no org had been built.
truncate prewarm.frequent_caller_bins, prewarm.frequent_callers, prewarm.actionable_leads, prewarm.sums, prewarm.maintained, prewarm.blobs, prewarm.versions;
checkpoint
