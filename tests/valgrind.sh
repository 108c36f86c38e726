#!/bin/bash
# Suites under memcheck, two at a time, and the program where they start it: an error in any process,
# or memory that nobody can free any more, fails. usage: tests/valgrind.sh BUILD SUITE...
set -euo pipefail

build=$1
shift
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
chmod 1777 "$logs"
# Not ours: PostgreSQL, and what a test calls to look at the service from outside.
others='*/postgres,*/pg_ctl,*/initdb,*/psql,*/runuser,*/sh,*/dash,*/bash'
others+=',*/openssl,*/curl,*/python3*'

# --fair-sched: else a thread that waits for another's lock may starve it.
run() {
    local begun=$SECONDS
    BREAKWATER_PROGRAM=$build/breakwater CK_TIMEOUT_MULTIPLIER=20 valgrind --quiet \
        --fair-sched=yes --error-exitcode=97 --log-file="$logs/$1.%p" \
        --leak-check=full --show-leak-kinds=definite,indirect \
        --errors-for-leak-kinds=definite,indirect \
        --trace-children=yes --trace-children-skip="$others" \
        "$build/tests/run" "$1" > "$logs/$1" 2>&1 || { cat "$logs/$1" >&2; failed=1; }
    printf '%s (%d s)\n' "$(tail -1 "$logs/$1" | sed "s/^/$1: /")" $((SECONDS - begun))
    # Also of children whose end nobody looks at; an empty one has nothing to say.
    if find "$logs" -name "$1.*" -size +0 | grep -q .; then
        cat "$logs/$1".* >&2
        failed=1
    fi
    return "${failed-0}"
}
export -f run
export build logs others
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'set -uo pipefail; run {} || exit 1'
echo "valgrind: no fault"
