#!/bin/bash
# Audited previews a second, beside the same server with the record left out. Starts the service twice,
# each with a private PostgreSQL in a temporary directory, loads them in turn with wrk, and prints a
# table: the median of the rounds. usage: bench/audited.sh BUILD [SECONDS a point] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."

program=$1/breakwater
seconds=${2:-3}
rounds=${3:-3}
connections=(8 64 128 256)
start_s_max=60

docker/deps.sh run bench

work=$(mktemp -d)
chmod 755 "$work"       # PostgreSQL runs as another user where this is root
services=()
finish() {
    [ ${#services[@]} = 0 ] || kill "${services[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT

declare -A port
start() {
    : > "$work/$1.out"
    BREAKWATER_ANONYMOUS_RATE=0 BREAKWATER_RECORD=$1 BREAKWATER_STATE=$work/$1 BREAKWATER_LISTEN=127.0.0.1:0 BREAKWATER_LOG=none \
        "$program" serve > "$work/$1.out" 2>&1 &
    services+=($!)
    for ((i = 0; i < start_s_max * 10; i++)); do
        port[$1]=$(sed -n 's/.* answers on port \([0-9]*\).*/\1/p' "$work/$1.out")
        [ -z "${port[$1]}" ] || return 0
        sleep 0.1
    done
    cat "$work/$1.out" >&2
    return 1
}

load() {
    wrk -t 2 -c "$2" -d "$3s" --timeout 10s -s bench/preview.lua "http://127.0.0.1:${port[$1]}" |
        sed -n "s/^measured/$1 $2/p"
}

# What a commit waits for at least; it is the disk's, not ours.
print_sync_us() {
    local begun_ns
    begun_ns=$(date +%s%N)
    dd if=/dev/zero of="$work/synced" bs=8k count=200 oflag=dsync 2> /dev/null
    echo "a synchronous write of 8 KB: $((($(date +%s%N) - begun_ns) / 200000)) us"
}

start on
start off
print_sync_us
for record in on off; do
    load $record 8 1 > /dev/null        # warm
done
for ((round = 0; round < rounds; round++)); do
    for c in "${connections[@]}"; do
        for record in on off; do
            load $record "$c" "$seconds" | tee -a "$work/measured" >&2
        done
    done
done

print_sync_us
echo

# A point stalled where an answer took a second or longer, or a connection failed.
sort -n -k 3 "$work/measured" | awk -v connections="${connections[*]}" '
    function middle(record, c, column) {
        return row[record, c, int((count[record, c] + 1) / 2), column]
    }
    {
        n = ++count[$1, $2]
        for (i = 3; i <= 5; i++) row[$1, $2, n, i] = $i
        if ($6 >= 1000 || $8 > 0) stalled[$2]++
        refused += $7
    }
    END {
        print "| connections | audited a second | not recorded | ratio | p50, p99 audited, ms | p50, p99 not recorded, ms | stalled |"
        print "|---|---|---|---|---|---|---|"
        n = split(connections, cs, " ")
        for (i = 1; i <= n; i++) {
            c = cs[i]
            on = middle("on", c, 3)
            off = middle("off", c, 3)
            printf "| %d | %d | %d | %.0f %% | %.1f, %.1f | %.1f, %.1f | %d of %d |\n", c, on, off, 100 * on / off,
                middle("on", c, 4), middle("on", c, 5), middle("off", c, 4), middle("off", c, 5),
                stalled[c], count["on", c] + count["off", c]
        }
        if (refused) { print refused " answers were not 2xx"; exit 1 }
    }'
