-- store::attach::attach
-- The tables of the sources with their partitions.
select relation::text as "relation!" from prewarm.source_relations() order by relation
