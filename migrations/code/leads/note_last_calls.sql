-- Looks up the newest call of some frequent callers, which is in their newest bin or lies beyond the calendar.
create or replace procedure prewarm.note_last_calls(callers uuid[])
language plpgsql as $$
begin
  update prewarm.frequent_callers f
     set (last_at, last_id) = (
           select prewarm.in_order(k.created_at), k.id
             from (
               (select b.start
                  from prewarm.frequent_caller_bins b
                 where b.contact_id = f.contact_id
                   and b.calls > 0
                   and b.start > prewarm.timeless()
                 order by b.start desc
                 limit 1)
               union all
               select prewarm.timeless()
             ) newest
            cross join lateral (select s.phone from prewarm.source_contacts s where s.id = f.contact_id limit 1) c
            cross join lateral prewarm.calls_in_bin(f.org_id, f.contact_id, c.phone, newest.start) k
            order by prewarm.in_order(k.created_at) desc, k.id desc
            limit 1
         )
   where f.contact_id = any (callers);
end $$;
