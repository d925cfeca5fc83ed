drop view prewarm.owed;
drop table prewarm.actionable_leads, prewarm.leases, prewarm.blobs, prewarm.versions, prewarm.marks, prewarm.epoch;
