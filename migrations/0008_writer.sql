-- The writer makes the partition of a day that nobody made before, though it may not make tables.

ALTER FUNCTION audit.partitions_make(date, date) SECURITY DEFINER;
ALTER FUNCTION audit.partitions_make(date, date) SET search_path = pg_catalog, pg_temp;

-- It reads again what is in force where a decision was computed by what was.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_writer') THEN
        GRANT SELECT ON breakwater.parameters, breakwater.proposal TO audit_writer;
    END IF;
END $$;
