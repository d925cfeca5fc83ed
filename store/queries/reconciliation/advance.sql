-- store::reconciliation::advance
-- Notes a pass that has come to its end; of two the later one stays.
-- $1 until when.
insert into prewarm.reconciliation as known (until)
values ($1)
    on conflict (singleton) do update
   set until = greatest(known.until, excluded.until)
