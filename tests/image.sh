#!/bin/bash
# Builds docker/Dockerfile without a container engine, runs the image against a PostgreSQL of its own on
# loopback, and asks it for a preview. Needs root. usage: tests/image.sh
set -euo pipefail
cd "$(dirname "$0")/.."

image_bytes_max=$((120 * 1000 * 1000))
start_s_max=60
postgres=/usr/lib/postgresql/15/bin

[ "$(id -u)" = 0 ] || { echo "the image is built as root" >&2; exit 1; }
docker/deps.sh imagetest

work=$(mktemp -d)
# In memory where that can be had: the layers are copied whole again and again.
mount -t tmpfs -o size=4g image "$work" 2> /dev/null || echo "on the disk: no tmpfs can be mounted"
chmod 711 "$work"
export TMPDIR=$work/tmp BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
mkdir -p "$work/tmp" "$work/store" "$work/run"
store() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
as_postgres() { runuser -u postgres -- env -C / "$@"; }
service=
finish() {
    [ -z "$service" ] || kill -- "-$service" 2> /dev/null || true
    wait
    [ ! -d "$work/data" ] || as_postgres $postgres/pg_ctl -D "$work/data" -m fast stop > /dev/null || true
    store rm --all > /dev/null 2>&1 || true
    umount "$work" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT

echo "a Debian to start from"
debootstrap --variant=minbase bookworm "$work/debian" > "$work/debootstrap.log" ||
    { tail -20 "$work/debootstrap.log" >&2; exit 1; }
rm -rf "$work/debian/var/cache/apt/archives" "$work/debian/usr/share/doc" "$work/debian/usr/share/man" \
    "$work/debian/usr/share/locale"
mkdir -p "$work/debian/var/cache/apt/archives/partial"
# As Debian's own images have it: what is lost with the machine is made again.
echo force-unsafe-io > "$work/debian/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
base=$(store from scratch)
store add -q "$base" "$work/debian" / > /dev/null
store config --cmd /bin/bash "$base"
store commit -q "$base" docker.io/library/debian:bookworm-slim > /dev/null
store rm "$base" > /dev/null
rm -rf "$work/debian"

echo "the image"
store bud --isolation chroot --pull-never --format docker -t localhost/breakwater:test \
    --build-arg VERSION="$(git rev-parse --short=12 HEAD)" -f docker/Dockerfile . \
    > "$work/build.log" 2>&1 || { tail -40 "$work/build.log" >&2; exit 1; }
bytes=$(store push -q localhost/breakwater:test "docker-archive:/dev/stdout" | gzip -1 | wc -c)
echo "$((bytes / 1000000)) MB compressed, of $((image_bytes_max / 1000000)) MB allowed"
((bytes < image_bytes_max))
store inspect --type image localhost/breakwater:test | grep -q '"Healthcheck"'

port=$((20000 + RANDOM % 10000))
install -d -o postgres "$work/data" "$work/socket"
as_postgres $postgres/initdb -A trust -U breakwater "$work/data" > /dev/null
as_postgres $postgres/pg_ctl -w -D "$work/data" -l "$work/data/log" \
    -o "-c listen_addresses=127.0.0.1 -p $port -k $work/socket" start > /dev/null

container=$(store from --pull-never localhost/breakwater:test)
url="host=127.0.0.1 port=$port user=breakwater dbname=postgres"
run() {
    store run --isolation chroot --env BREAKWATER_DATABASE_URL="$url" \
        --env BREAKWATER_LISTEN="127.0.0.1:$((port + 1))" --env BREAKWATER_STATE=/tmp/state \
        "$container" -- "$@"
}
[ "$(run id -u)" = 10001 ]
set -m
run breakwater serve > "$work/service.log" 2>&1 &
service=$!
set +m
for ((i = 0; i < start_s_max * 5; i++)); do
    curl -sf -o /dev/null "http://127.0.0.1:$((port + 1))/readyz" && break
    sleep 0.2
done
run breakwater-health || { cat "$work/service.log" >&2; exit 1; }
key=$(run breakwater key create --role preview,propose --holder image 2> "$work/key.log")
curl -sS -o "$work/answer" -w '%{http_code}\n' "http://127.0.0.1:$((port + 1))/v1/previews" \
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "{
    \"parameters\": $(cat handlers/presets/breakwater.json),
    \"account\": {\"id\": \"image\", \"collateral\": [{\"asset\": \"ETH\", \"quantity\": \"10\"}],
        \"debt\": [{\"asset\": \"USDC\", \"quantity\": \"12000\"}]},
    \"state\": {\"prices\": {\"ETH\": \"2000\", \"USDC\": \"1\"}, \"volatility\": {\"ETH\": \"0.8\"},
        \"depth\": {\"ETH\": [{\"venue\": \"desk\", \"kind\": \"quoted\", \"notional\": \"500000\",
            \"slippage_rate\": \"0.01\"}]}}}" | tee "$work/status"
[ "$(cat "$work/status")" = 201 ] || { cat "$work/answer" >&2; exit 1; }
grep -q '"ratio":"1.383333333333333333"' "$work/answer"
echo "the image answers a preview: $SECONDS s"
