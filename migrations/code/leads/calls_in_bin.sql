-- The calls of a contact, by its id or by its number, that were created in one second.
create or replace function prewarm.calls_in_bin(org uuid, contact uuid, phone text, bin timestamptz)
returns setof prewarm.source_calls
language sql stable
begin atomic
  select k.*
    from prewarm.reaches(bin, interval '1 second') r
   cross join lateral (
     select *
       from prewarm.source_calls s
      where s.org_id = org
        and s.created_at between r.since and r.until
      order by s.created_at desc, s.id desc
     offset 0
   ) k
   where k.contact_id = contact
      or k.phone_number = phone;
end;
