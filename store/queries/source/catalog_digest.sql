-- store::source::catalog_digest
select prewarm.catalog_digest() as "digest!"
