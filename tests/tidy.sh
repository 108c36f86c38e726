#!/bin/bash
# The style guide as a test: what a compiler does not check. usage: tests/tidy.sh BUILD, where BUILD
# holds gcc's objects of the program. One line a fault, FILE:LINE: what is wrong; exit 1 if any.
set -euo pipefail
export LC_ALL=C

build=$1
columns_max=140
function_lines_max=60
file_lines_max=600

program="record risk audit db server handlers commands"
# The statistical files: the only ones where a binary fraction may stand (money is struct decimal).
statistical="elementary elementary_tables normal pair statistic schedule latency passage volatility"
statistical+=" preview preview_penalty preview_risk multiplier"
statistical+=" sweep walk depth curve optimum bound subsidy slice closing shock remedy remedy_mix"
statistical+=" suggest suggest_action suggest_settle suggest_bench suggest_mix suggest_sale suggest_ways"
statistical+=" execution_price boundary joint_shock"
statistical+=" manipulation oracle market_memory candles guard"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

folders=()
for folder in $program tests bench; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
done
mapfile -t files < <(find "${folders[@]}" -name node_modules -prune -o \
    \( -name '*.[ch]' -o -name '*.def' \) -print | sort)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.c$')

# Reads FILE:LINE:... lines; what follows the second colon is replaced by the message.
report() {
    awk -F: -v message="$1" '{ printf "%s:%s: %s\n", $1, $2, message }' | tee -a "$work/faults"
}

# Matches of an extended expression in the code: comments and the insides of strings do not count.
code() {
    (cd "$work" && { grep -rnE -- "$1" "${@:2}" || true; })
}

# A copy of the sources without comments and strings, line by line.
strip() {
    awk '
    !comment && /^[ ]*#[ ]*include/ { print; next }
    {
        out = ""; quote = ""
        for (i = 1; i <= length($0); i++) {
            c = substr($0, i, 1); two = substr($0, i, 2)
            if (comment)             { if (two == "*/") { comment = 0; i++ } }
            else if (quote != "")    { if (c == "\\") i++; else if (c == quote) { quote = ""; out = out c } }
            else if (two == "/*")    { comment = 1; i++ }
            else if (two == "//")    break
            else                     { if (c == "\"" || c == "\047") quote = c; out = out c }
        }
        print out
    }' "$1"
}
for file in "${files[@]}"; do
    mkdir -p "$work/$(dirname "$file")"
    strip "$file" > "$work/$file"
done

# Text: columns, white space, length, the opening sentence, nothing left to do.
texts=("${files[@]}" Makefile docker/deps.sh tests/*.sh tests/contract/run.sh bench/*.sh .ci/run)
for folder in migrations docker; do
    mapfile -t -O "${#texts[@]}" texts < <(find $folder -name '*.sql' -o -name '*.yaml' 2> /dev/null)
done
awk -v max=$columns_max 'length > max { print FILENAME ":" FNR ":" }' "${texts[@]}" |
    report "longer than $columns_max columns"
grep -nE '[[:space:]]+$' "${texts[@]}" | report "white space at the line's end" || true
grep -nP '\t' "${files[@]}" | report "a tab" || true
grep -nwE 'TODO|FIXME|XXX|HACK' "${files[@]}" Makefile README.md | report "left to do" || true
awk -v max=$file_lines_max 'FNR == max + 1 { print FILENAME ":" FNR ":" }' "${files[@]}" |
    grep -v '^tests/' | report "more than $file_lines_max lines" || true
awk 'FNR == 1 && !/^\/\*/ { print FILENAME ":1:" }' "${files[@]}" |
    report "does not open with a comment that says what it is for"

# Functions: their length, and the return type on a line of its own.
awk -v max=$function_lines_max '
    FNR == 1 { begin = 0 }
    /^{/ { begin = FNR }
    /^}/ { if (begin && FNR - begin > max) print FILENAME ":" begin ":"; begin = 0 }
' "${files[@]}" | report "a function of more than $function_lines_max lines"
(cd "$work" && awk '
    /^[A-Za-z_]/ { head = $0; line = FNR }
    /^{/ && head !~ /^[A-Za-z_0-9]+\(/ { print FILENAME ":" line ":" }
    /^[A-Za-z_].*\) *{$/ { print FILENAME ":" FNR ":" }
' "${sources[@]}") |
    report "a function whose name or brace does not begin a line"
code '\bgoto\b' "${folders[@]}" | grep -vE 'goto done;' | report "a goto, and not to done" || true
code '\btypedef (struct|union|enum)\b' "${folders[@]}" | report "a typedef of a struct"

# Calls that lose bounds or errors, and binary fractions where money is.
banned='sprintf|vsprintf|strcpy|strcat|strncpy|strncat|atoi|atol|atoll|atof|strtok|sscanf|gets|alloca'
code "\\b($banned) ?\\(" "${folders[@]}" | report "a banned call"
code '\bfloat\b' "${folders[@]}" | grep -v '#include <float.h>' | report "a float" || true
code '\b(double|strtod|strtold)\b' "${folders[@]}" |
    grep -vE "^risk/(${statistical// /|})\.[ch]:|^(tests|bench)/" | awk -F: '!seen[$1]++' |
    report "a double outside the statistical files" || true
libm='exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|cbrt|hypot|erf|erfc|[lt]gamma|a?(sin|cos|tan)h?|atan2'
code "\\b($libm)[fl]? ?\\(" risk | report "a function of libm that differs by machine"

code '\b(malloc|calloc|realloc|free|strdup|arena_[a-z]+) ?\(' risk | report "memory taken in risk/"

# The arrows: who includes whom, by path from the root, and where foreign headers may stand.
may_include() {
    case $1 in
    record) echo record ;;
    risk | audit) echo "$1|record" ;;
    db) echo "db|record|risk|audit" ;;
    server) echo "server|record" ;;
    handlers) echo "handlers|record|risk|audit|db|server" ;;
    commands | bench) echo "$1|record|risk|audit|db|server|handlers" ;;
    tests) echo "tests|commands|record|risk|audit|db|server|handlers" ;;
    esac
}
for folder in "${folders[@]}"; do
    code '^ *# *include *"' "$folder" |
        grep -vE "include *\"($(may_include "$folder"))/" | report "an include against the arrows" || true
done
foreign() {
    code "^ *# *include *<($1)" "${folders[@]}" | grep -vE "^($2):" | report "<$1> is for $2" || true
}
foreign 'microhttpd' '(server/listener|server/pages|bench/constant)\.c'
foreign 'curl/' 'server/fetch\.c'
foreign 'libpq|postgresql/' '(db/[^:]*|tests/postgres\.c)'
foreign 'jansson' '(record|tests)/[^:]*'
foreign 'openssl/' '(audit/[^:]*|tests/(tls_test|fuzz/checkpoint)\.c)'
foreign 'gmp' '(record|tests)/[^:]*'
foreign 'mpfr|check|yaml' 'tests/[^:]*'

# Objects: no mutable data of file scope, static locals included; nothing transcendental of libm's.
for source in "${sources[@]}"; do
    case $source in tests/* | bench/*) continue ;; esac
    object=$build/${source%.c}.o
    objdump -t "$object" | awk -F'\t' -v source="$source" '
        NF == 2 { n = split($1, left, " "); section = left[n]; split($2, right, " ") }
        NF == 2 && $1 ~ / O / && right[1] !~ /^0+$/ && section !~ /^\.data\.rel\.ro/ &&
            section ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ { print source ":" right[2] ":" }
    ' | report "a variable of file scope that is not const"
    nm -u "$object" | awk -v source="$source" -v libm="^($libm)[fl]?\$" '
        $2 ~ libm { print source ":" $2 ":" }' | report "from libm: differs by machine"
done

if command -v shellcheck > /dev/null; then
    shellcheck -f gcc docker/*.sh tests/*.sh tests/contract/run.sh bench/*.sh .ci/run | tee -a "$work/faults" || true
fi

[ ! -s "$work/faults" ] || { echo "tidy: $(wc -l < "$work/faults") faults" >&2; exit 1; }
echo "tidy: ${#files[@]} files, no fault"
