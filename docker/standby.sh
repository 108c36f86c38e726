#!/bin/bash
# A standby of `database`: copied on its first start. Once it streams, the primary is told to wait for it
# at each commit. To promote it: docker compose exec standby pg_ctl promote.
set -euo pipefail
export PGDATA=/var/lib/postgresql/data/standby PGPASSFILE=/tmp/pgpass
primary="host=database user=breakwater"
umask 077
printf 'database:5432:*:breakwater:%s\n' "$(cat /run/secrets/database_password)" > "$PGPASSFILE"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    pg_basebackup -d "$primary application_name=standby" -D "$PGDATA" -R -X stream -S standby
fi
{
    until psql -qAt -d "$primary dbname=breakwater" \
        -c "SELECT 1 FROM pg_stat_replication WHERE application_name = 'standby'" | grep -q 1; do
        sleep 1
    done
    psql -q -d "$primary dbname=breakwater" \
        -c "ALTER SYSTEM SET synchronous_standby_names = 'standby'" \
        -c "SELECT pg_reload_conf()"
} > /dev/null &
exec postgres -c hot_standby=on -c cluster_name=standby
