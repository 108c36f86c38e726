#!/bin/bash
# cppcheck over the program; it passes over what is as when it was last checked. clang-tidy, which
# is the Makefile's, does the same. usage: tests/lint.sh BUILD, where BUILD holds the lists that
# the compiler includes
set -euo pipefail

mkdir -p "$1/cppcheck"
# unsignedLessThanZero: cppcheck takes a list whose lines come from a .def file for empty.
# internalAstError: it does not know a cast inside a compound literal.
# ctuuninitvar: it takes the address of an answer that is passed on for a use of it.
cppcheck -j "$(nproc)" --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --cppcheck-build-dir="$1/cppcheck" \
    --error-exitcode=1 --suppress=missingIncludeSystem --suppress=unsignedLessThanZero \
    --suppress=internalAstError --suppress=ctuuninitvar \
    -I. -I"$1" -D__x86_64__ record risk audit db server handlers commands
echo "lint: no fault"
