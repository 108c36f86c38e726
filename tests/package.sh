#!/bin/bash
# What the Debian package of a build installs: its files, the unit as systemd reads it, compose.yaml as
# compose does, and the program as the unit starts it: as nobody, without a right to get any, on a state
# directory of its own. Nothing is installed. usage: tests/package.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
docker/deps.sh packagetest

exposure_max=20                              # of 100: what systemd-analyze makes of the unit
start_s_max=60
stop_s_max=10
package=$1/breakwater_$("$1/breakwater" version | cut -d ' ' -f 2)_$(dpkg --print-architecture).deb
work=$(mktemp -d)
root=$work/root
service=
finish() {
    [ -z "$service" ] || kill "$service" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
die() { echo "$*" >&2; exit 1; }

chmod 711 "$work"
dpkg-deb -x "$package" "$root"
for file in bin/breakwater lib/systemd/system/breakwater.service share/doc/breakwater/README.md \
    share/doc/breakwater/openapi.yaml share/doc/breakwater/docs/operations.md \
    share/breakwater/dashboard.json share/breakwater/alerts.yaml share/breakwater/backup.sh \
    share/breakwater/restore.sh; do
    [ -s "$root/usr/$file" ] || die "the package has no $file"
done
chmod -R go+rX "$root"

# systemd-analyze ends well where it does not know a word, so it must say nothing.
sed "s|/usr/bin/|$root/usr/bin/|" "$root/usr/lib/systemd/system/breakwater.service" \
    > "$work/breakwater.service"
said=$(systemd-analyze verify "$work/breakwater.service" 2>&1 | grep -F breakwater.service || true)
[ -z "$said" ] || die "the unit: $said"
systemd-analyze security --offline=true --threshold=$exposure_max --no-pager \
    "$work/breakwater.service" | tail -1

compose=docker-compose
command -v docker-compose > /dev/null || compose="docker compose"
for profile in "" "--profile pair"; do
    # shellcheck disable=SC2086  # a list of words
    $compose -f docker/compose.yaml $profile config > "$work/compose.yaml" ||
        die "compose.yaml is not well formed"
done
python3 - "$work/compose.yaml" << 'PYTHON'
import sys
import yaml
services = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["services"]
assert set(services) == {"database", "service", "standby", "second"}, sorted(services)
for name in ("service", "second"):
    one = services[name]
    assert one["read_only"] and one["cap_drop"] == ["ALL"], f"{name} may do more than it must"
    assert one["depends_on"]["database"]["condition"] == "service_healthy", f"{name} does not wait"
    assert "BREAKWATER_DATABASE_URL" not in one["environment"], f"{name} has its secret in plain"
PYTHON
echo "compose.yaml: alone, and as a pair"

as_nobody=()
[ "$(id -u)" != 0 ] || as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups
                                  --bounding-set=-all --no-new-privs)
install -d -m 700 "$work/state"
[ "$(id -u)" != 0 ] || chown nobody:nogroup "$work/state"
port=$((20000 + RANDOM % 10000))
(umask 077; exec "${as_nobody[@]}" env -i PATH=/usr/bin:/bin BREAKWATER_STATE="$work/state" \
    BREAKWATER_LISTEN="127.0.0.1:$port" "$root/usr/bin/breakwater" serve) > "$work/output" 2>&1 &
service=$!
for ((i = 0; i < start_s_max * 5; i++)); do
    curl -sf -o /dev/null "http://127.0.0.1:$port/readyz" && break
    sleep 0.2
done
curl -sS "http://127.0.0.1:$port/openapi.yaml" | cmp - "$root/usr/share/doc/breakwater/openapi.yaml" ||
    { cat "$work/output" >&2; die "the package's program does not serve the package's contract"; }
curl -sS -o "$work/answer" -w '%{http_code}' "http://127.0.0.1:$port/v1/previews" \
    -H 'Content-Type: application/json' -d '{"market": "eth-usd",
    "account": {"collateral": [{"asset": "ETH", "quantity": "10"}],
                "debt": [{"asset": "USDC", "quantity": "12000"}]},
    "state": {"prices": {"ETH": "2000", "USDC": "1"}}}' > "$work/status"
[ "$(cat "$work/status")" = 201 ] || { cat "$work/answer" >&2; die "no preview"; }
began=$SECONDS
kill "$service"
wait "$service" || die "the service did not end well"
service=
((SECONDS - began <= stop_s_max)) || die "it took $((SECONDS - began)) s to stop"
[ -z "$(find "$work/state" -perm /077 -print -quit)" ] || die "others can read its state"
echo "the package's program answers a preview and stops: $SECONDS s"
