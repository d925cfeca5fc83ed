-- Has every org whose rebuild has failed tried at once, with all its attempts. A lease that somebody locks is left to them.
create or replace procedure prewarm.forget_failures()
language sql as $$
  update prewarm.leases l
     set starts = 0, until = case when l.holder is null then now() else l.until end
   where l.org_id in (select f.org_id from prewarm.leases f where f.error is not null for update skip locked);
$$;
