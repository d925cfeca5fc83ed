-- bench::rows::fairness
-- A table that costs Postgres as much as calls, without our triggers.
create table unwatched_calls (like calls including all);

alter table unwatched_calls
  add foreign key (org_id) references organizations (id) on delete cascade,
  add foreign key (contact_id) references contacts (id) on delete set null;
