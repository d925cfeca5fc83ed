-- Whether a statement changed too many rows to list them. Its mark then covers the whole org.
create or replace function prewarm.is_wide(rows bigint) returns boolean
language sql immutable return rows >= prewarm.wide_from();
