-- One BRIN index instead of two over what rises with time: each costs an insertion a row, and a range
-- scan by either column is as good in the one that has both.
DROP INDEX audit.search_ts_idx;
DROP INDEX audit.search_parameters_version_idx;
CREATE INDEX search_rising_idx ON audit.search USING brin (ts, parameters_version);
