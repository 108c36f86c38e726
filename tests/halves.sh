#!/bin/bash
# Every suite, as `make check` runs them, but one half beside the other: most of them wait for a
# server's answer or its time to pass. usage: tests/halves.sh BUILD
set -uo pipefail

build=$1
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
mapfile -t names < <(sed -n 's/^SUITE(\(.*\))$/\1/p' "$build/tests/suites.def")

half() {
    local first=$1 chosen=()
    for ((i = first; i < ${#names[@]}; i += 2)); do chosen+=("${names[i]}"); done
    BREAKWATER_PROGRAM=$build/breakwater "$build/tests/run" "${chosen[@]}" >"$output/$first" 2>&1
}

half 0 & one=$!
half 1 & other=$!
failed=0
wait "$one" || failed=1
wait "$other" || failed=1
cat "$output/0" "$output/1"
exit $failed
