#!/bin/bash
# Puts a copy that backup.sh made into an empty database: that of BREAKWATER_DATABASE_URL (or _FILE),
# else a new private one in BREAKWATER_STATE. Nothing that is there already is touched.
# usage: restore.sh FILE
set -euo pipefail
[ $# = 1 ] || { echo "usage: restore.sh FILE" >&2; exit 2; }
file=$1

[ ! -e "$file.sha256" ] || (cd "$(dirname "$file")" && sha256sum --quiet -c "$(basename "$file").sha256")

url=${BREAKWATER_DATABASE_URL-}
if [ -z "$url" ] && [ -n "${BREAKWATER_DATABASE_URL_FILE-}" ]; then
    url=$(cat "$BREAKWATER_DATABASE_URL_FILE")
fi
state=${BREAKWATER_STATE:-/var/lib/breakwater}

# As PostgreSQL's own user where this is root, who may not run it.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- env -C / "$@"; else env -C / "$@"; fi
}

# The private PostgreSQL as the service makes it (db/embedded.c).
open_private() {
    local programs data=$state/postgres/data
    programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
    [ ! -e "$data" ] || { echo "there is a database in $state already" >&2; exit 1; }
    mkdir -p "$state/postgres"
    chmod 700 "$state/postgres"
    [ "$(id -u)" != 0 ] || chown postgres: "$state/postgres"
    as_postgres "$programs/initdb" -D "$data" -U breakwater -E UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=reject --data-checksums > /dev/null
    as_postgres "$programs/pg_ctl" start -w -s -D "$data" -l "$state/postgres/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$state/postgres'"
    # shellcheck disable=SC2064  # as they are now
    trap "as_postgres '$programs/pg_ctl' stop -w -s -m fast -D '$data'" EXIT
    url="host=$state/postgres dbname=postgres user=breakwater"
}
[ -n "$url" ] || open_private

tables=$(psql -XqAt -d "$url" -c "SELECT count(*) FROM pg_tables WHERE schemaname IN ('audit',
    'breakwater') OR tablename = 'breakwater_migration'")
[ "$tables" = 0 ] || { echo "this database is not empty: $tables tables of the service" >&2; exit 1; }

# Grants are to roles of the whole server, which a copy of one database does not hold; where they may
# not be made, the copy goes without grants.
grants=()
for role in audit_writer audit_sequencer audit_reader; do
    psql -Xq -d "$url" -c "DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role')
        THEN CREATE ROLE $role NOLOGIN; END IF; END \$\$" || grants=(--no-privileges)
done
pg_restore --no-owner "${grants[@]}" --exit-on-error --single-transaction --dbname="$url" "$file"
psql -XqAt -d "$url" -c "SELECT 'restored: a log of ' || size || ' entries, ' ||
    (SELECT count(*) FROM audit.body) || ' decisions' FROM audit.head"
