#!/bin/bash
# What each fuzzer reaches of the files it is meant for, from its corpus in the tree and what
# earlier runs kept: lines and regions (llvm-cov), and the functions it never enters.
# usage: tests/fuzz/coverage.sh BUILD KEPT PROGRAM...; KEPT may hold a folder of inputs for each
set -euo pipefail

build=$1
kept=$2
shift 2
here=$(dirname "$0")

# What a question with rules and a state of its own goes through: no market's memory, no governance.
engine() {
    echo risk/{account_liquidation,bound,boundary,close_size,closing,curve,depth,dust,elementary}.c \
        risk/{exchange,execution_price,figures,health,joint_shock,latency,liquidation}.c \
        risk/{liquidation_pair,liquidation_price,multiplier,normal,optimum,parameters_accept}.c \
        risk/{passage,perp_close,pool,position,preview*,settle,slice,state,statistic}.c \
        risk/{subsidy,suggest*,sweep,walk,workings}.c
}

files_of() {
    local json="record/json_read.c record/json_object.c record/json_items.c record/value.c"
    local log="audit/note.c audit/key.c audit/base64.c audit/lines.c"

    case $1 in
    canonical) echo audit/canonical.c ;;
    checkpoint) echo audit/checkpoint.c "$log" ;;
    decimal) echo record/{decimal,step,limbs,wide,root}.c ;;
    difference) echo record/{difference,difference_patch,members,merge_patch}.c ;;
    exchange) echo server/{exchange,intake,route,answer,query}.c ;;
    forwarded) echo server/forwarded.c server/address.c ;;
    instant) echo record/instant.c ;;
    json_peer) echo record/scan.c "$json" ;;
    json_read) echo record/json_write.c record/fault.c "$json" ;;
    note) echo audit/{proof,policy,witness,receipt,entry}.c "$log" ;;
    patch) echo record/merge_patch.c ;;
    preview) engine ;;
    query) echo server/query.c server/percent.c record/value.c ;;
    request) echo "$json" ;;
    rows) echo record/json_items.c record/scan_decimal.c ;;
    tile_path) echo audit/tile.c ;;
    *) echo "$1 is missing in tests/fuzz/coverage.sh" >&2; return 1 ;;
    esac
}

reach() {
    LLVM_PROFILE_FILE=$1.raw "$program" -runs=0 -max_len=8192 "${inputs[@]}" > "$1.log" 2>&1 ||
        { tail -20 "$1.log" >&2; return 1; }
    llvm-profdata merge -sparse -o "$1" "$1.raw"
    rm "$1.raw"
}

for program in "$@"; do
    name=$(basename "$program")
    read -ra files <<< "$(files_of "$name")"
    inputs=("$here/corpus/$name")
    if [ -d "$kept/$name" ]; then inputs+=("$kept/$name"); fi
    profile=$build/$name.profile
    reach "$profile"
    llvm-cov report "$program" -instr-profile="$profile" "${files[@]}" > "$build/$name.report"
    llvm-cov report "$program" -instr-profile="$profile" -show-functions "${files[@]}" |
        awk '$4 == "0.00%" && $1 != "TOTAL" { print $1 }' > "$build/$name.never"
    awk -v name="$name" -v never="$(paste -sd ' ' "$build/$name.never")" '
        $1 == "TOTAL" { printf "%-12s lines %7s  regions %7s", name, $10, $4 }
        END { printf "  never: %s\n", never }' "$build/$name.report"
done
