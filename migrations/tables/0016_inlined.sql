-- Functions that `code/` has as functions of rows, which Postgres inlines.
drop function if exists prewarm.owner(text, text), prewarm.find_contact(uuid, text, text);
