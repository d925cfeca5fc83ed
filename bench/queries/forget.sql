-- bench::stack::forget
-- Forgets all that was made, as if nobody had built anything.
truncate prewarm.actionable_leads, prewarm.lead_sums, prewarm.sums, prewarm.maintained, prewarm.blobs, prewarm.versions;
checkpoint
