-- store::erasures::find_contact
-- A contact, and whether another contact of its org has its number. No row if it does not exist.
-- $1 contact.
select c.org_id as "org_id!", c.phone,
       exists (
         select
           from prewarm.source_contacts other
          where other.org_id = c.org_id
            and other.phone = any (prewarm.phone_spellings(c.phone))
            and other.id <> c.id
       ) as "is_shared!"
  from prewarm.source_contacts c
 where c.id = $1
