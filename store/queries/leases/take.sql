-- store::leases::take
-- Takes the lease of an org, unless another holder's still runs. One row if taken. An org that rests after a long
-- rebuild is kept from the queue only, not from readers who would find nothing.
-- $1 org, $2 holder, $3 seconds.
insert into prewarm.leases as held (org_id, holder, until)
values ($1, $2, statement_timestamp() + make_interval(secs => $3))
    on conflict (org_id) do update
   set holder = excluded.holder,
       starts = prewarm.lease_starts(held.holder, held.starts),
       until = excluded.until
 where held.until <= statement_timestamp()
    or held.holder = 'resting'
returning starts
