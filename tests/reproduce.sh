#!/bin/bash
# The same inputs give the same bytes: builds the engine with gcc and clang, -O0 and -O3, with and without
# -march=native, and compares what ten thousand generated accounts come to.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(risk/*.c handlers/answers.c audit/digest.c tests/reproduce/accounts.c)
for source in record/*.c; do
    [ "$source" = record/assets.c ] || sources+=("$source")
done

compile() {
    local out=$1 compiler=$2 source=$3
    shift 3
    "$compiler" -std=c17 -D_GNU_SOURCE -w -ffp-contract=off -fno-strict-overflow "$@" -I. -c "$source" \
        -o "$out/${source//\//_}.o"
}
export -f compile

build() {
    local name=$1 compiler=$2
    shift 2
    mkdir -p "$work/$name"
    printf '%s\n' "${sources[@]}" |
        xargs -P "$(nproc)" -I{} bash -c 'compile "$@"' bash "$work/$name" "$compiler" {} "$@"
    "$compiler" -o "$work/$name/accounts" "$work/$name"/*.o -lgmp -lcrypto -ljansson -lm
}

expected=
failed=0
passed=0
for compiler in gcc clang; do
    for level in -O0 -O3; do
        for machine in "" -march=native; do
            name="$compiler$level$machine"
            build "$name" "$compiler" "$level" ${machine:+"$machine"}
            got=$("$work/$name/accounts")
            printf '%-28s %s\n' "$compiler $level $machine" "$got"
            : "${expected:=$got}"
            if [ "$got" = "$expected" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
            rm -r "${work:?}/$name"
        done
    done
done
echo "reproduce: $passed passed, $failed failed"
[ "$failed" = 0 ]
