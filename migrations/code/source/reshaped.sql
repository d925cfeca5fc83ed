-- Whether partitions have come or gone since the last look, or a table's rows may have changed without our triggers.
-- prewarm.table_findings tells of a table that was replaced.
create or replace function prewarm.reshaped() returns boolean
language sql stable
begin atomic
  select exists (
           select
             from (select r.*, prewarm.shape_of(r.relation) as shape from prewarm.source_relations() r) r
             full join prewarm.attached_tables a on a.source = r.source and a.relation = r.relation
            where case
                    when a.relation is null then not r.is_whole
                    when r.relation is null then not a.is_whole
                    else a.shape <> r.shape
                  end
         );
end;
