-- The present epoch, for receipts.
create or replace view prewarm.epoch as
  select epoch from prewarm.installation;
