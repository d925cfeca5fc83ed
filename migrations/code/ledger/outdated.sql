-- Orgs that lack blobs of a format, or of the oldest one that a live node reads.
create or replace function prewarm.outdated(format int, oldest int) returns setof uuid
language sql stable
begin atomic
  select v.org_id
    from prewarm.versions v
   where v.format < $1
  union all
  -- Not asked, and all versions not read, while everybody is of one format.
  select v.org_id
    from prewarm.versions v
   where $2 < $1
     and v.format >= $1
     and v.oldest > $2;
end;
