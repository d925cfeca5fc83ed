-- bench::stack::forget
-- Deletes everything that rebuilds have made, as if no org had been built.
truncate prewarm.actionable_leads, prewarm.lead_sums, prewarm.sums, prewarm.maintained, prewarm.blobs, prewarm.versions;
checkpoint
