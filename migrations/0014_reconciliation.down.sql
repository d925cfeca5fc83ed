drop table prewarm.reconciliation;
