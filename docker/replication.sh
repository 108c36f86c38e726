#!/bin/bash
# On the primary's first start: the standby may replicate, and its slot keeps what it has not read.
set -euo pipefail
echo "host replication breakwater all scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -c "SELECT pg_create_physical_replication_slot('standby')"
