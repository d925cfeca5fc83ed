-- store::intake::touch_contact
-- A known caller has called again: the time, and the name if nobody knew it. A late message of an early call does not turn
-- the clock back.
-- $1 contact, $2 the instant of the contact, $3 name.
update public.contacts
   set last_contact_at = greatest(last_contact_at, coalesce($2, statement_timestamp())),
       name = coalesce(name, $3::text)
 where id = $1
   and (last_contact_at is null
        or last_contact_at < coalesce($2, statement_timestamp())
        or (name is null and $3::text is not null))
