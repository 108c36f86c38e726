#!/bin/bash
# Runs fuzzers, two at a time, each for some seconds from its corpus in the tree; prints how often each
# was run, and how much of the code it reached. What they find on the way is kept in BUILD/corpus. The
# first that fails ends it. With a SEED they take the same way again, as CI does; without one, or with
# 0, another each time. usage: SEED=N tests/fuzz/run.sh BUILD SECONDS PROGRAM...
set -euo pipefail

build=$1
seconds=$2
shift 2
here=$(dirname "$0")
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

run() {
    local program=$1 name dictionary=() bytes=4096
    name=$(basename "$program")
    case $name in
    json_peer | json_read | request | preview | rows | difference | patch | canonical) dictionary=("-dict=$here/json.dict") ;;
    query | tile_path) dictionary=("-dict=$here/$name.dict") ;;
    esac
    case $name in request | preview | json_peer) bytes=8192 ;; esac
    mkdir -p "$build/corpus/$name"
    "$program" -max_total_time="$seconds" -max_len=$bytes -timeout=10 -rss_limit_mb=4096 \
        -seed="${SEED:-0}" -print_final_stats=1 \
        -artifact_prefix="$build/$name-" "${dictionary[@]}" "$build/corpus/$name" "$here/corpus/$name" \
        > "$logs/$name" 2>&1 || { tail -40 "$logs/$name" >&2; return 255; }
    awk -v name="$name" '
        / cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1); if ($i == "corp:") inputs = $(i + 1) } }
        /number_of_executed_units/ { runs = $2 }
        END { sub("/.*", "", inputs); printf "%-12s %10d runs %6d edges %5d inputs\n", name, runs, edges, inputs }
    ' "$logs/$name"
}
export -f run
export here build seconds logs

printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'set -euo pipefail; run {}'
