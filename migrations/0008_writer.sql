-- The writer makes the partition of a day that nobody made before, though it may not make tables.

ALTER FUNCTION audit.partitions_make(date, date) SECURITY DEFINER;
ALTER FUNCTION audit.partitions_make(date, date) SET search_path = pg_catalog, pg_temp;
