-- store::reconciliation::advance
-- Records a completed pass; of two the later one stays.
-- $1 instant.
insert into prewarm.reconciliation as known (until)
values ($1)
    on conflict (singleton) do update
   set until = greatest(known.until, excluded.until)
