#!/bin/bash
# clang-tidy (.clang-tidy) and cppcheck over the program: slower than tidy.sh, about faults rather
# than form. usage: tests/lint.sh BUILD, where BUILD holds the lists that the compiler includes
set -euo pipefail

docker/deps.sh build lint
read -ra flags <<< "-std=c17 -D_GNU_SOURCE -I. -I$1 \
    $(pkg-config --cflags libmicrohttpd jansson libpq libcrypto libcurl)"
folders=()
for folder in record risk audit db server handlers commands; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
done

# Standard error only counts the warnings that the filter left out. A file a time: the flags end its command.
find "${folders[@]}" -name '*.c' | sort |
    xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- "${flags[@]}" 2> /dev/null

# unsignedLessThanZero: cppcheck takes a list whose lines come from a .def file for empty.
# internalAstError: it does not know a cast inside a compound literal.
# ctuuninitvar: it takes the address of an answer that is passed on for a use of it.
cppcheck -j "$(nproc)" --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --error-exitcode=1 --suppress=missingIncludeSystem --suppress=unsignedLessThanZero \
    --suppress=internalAstError --suppress=ctuuninitvar \
    -I. -I"$1" -D__x86_64__ "${folders[@]}"
echo "lint: no fault"
