#!/bin/bash
# A copy of the database in one file, while the service works: as of one moment, the log and all that
# it names. Beside it FILE.sha256. The keys that sign the log are not in it: keep copies elsewhere.
# The database is that of BREAKWATER_DATABASE_URL (or _FILE), else the private one in
# BREAKWATER_STATE. usage: backup.sh FILE
set -euo pipefail
[ $# = 1 ] || { echo "usage: backup.sh FILE" >&2; exit 2; }
file=$1
umask 077

url=${BREAKWATER_DATABASE_URL-}
if [ -z "$url" ] && [ -n "${BREAKWATER_DATABASE_URL_FILE-}" ]; then
    url=$(cat "$BREAKWATER_DATABASE_URL_FILE")
fi
state=${BREAKWATER_STATE:-/var/lib/breakwater}
[ -n "$url" ] || url="host=$state/postgres dbname=postgres user=breakwater"

[ ! -e "$file" ] || { echo "$file is there already" >&2; exit 1; }
trap 'rm -f "$file.part"' EXIT
# Every table is read as of one snapshot. What is in flight is wholly in it, or not at all.
pg_dump --format=custom --no-owner --lock-wait-timeout=60s --file="$file.part" --dbname="$url"
pg_restore --list "$file.part" > "$file.part.list"
for table in 'audit head' 'audit checkpoint' 'audit event' 'breakwater market' \
    'public breakwater_migration'; do
    grep -q "TABLE DATA $table" "$file.part.list" || { echo "no $table in the copy" >&2; exit 1; }
done
rm "$file.part.list"
sync "$file.part"
mv "$file.part" "$file"
(cd "$(dirname "$file")" && sha256sum "$(basename "$file")") > "$file.sha256"
sync "$file.sha256"
size=$(pg_restore --data-only --schema=audit --table=head --file=- "$file" |
    awk '/^COPY audit.head/ { for (i = 3; i <= NF; i++) if ($i ~ /^.?size,?$/) column = i - 2; getline
                              split($0, row, "\t"); print row[column]; exit }')
echo "$file: $(stat -c %s "$file") bytes, a log of ${size:-no} entries"
