#!/usr/bin/env bash
# The bench runs, and writes what it promises. The speed does not matter here.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

build=$(dirname "$LAB_LIBRARY")
results=$build/bench/results.csv

it_measures_everything_that_it_says() {
    rm -f "$build"/bench/{results.csv,table.txt,hits.svg}
    "$top/tests/bench/run" quick "$build" >"$TMPDIR/table"
    equal "$(printf '%s\n' cold hit instructions load memory pass peers 'system calls' threads)" \
        "$(tail -n +2 "$results" | cut -d, -f1 | sort -u)"
    equal "$(<"$build/bench/table.txt")" "$(head -n -1 "$TMPDIR/table")"
    contains 'written:' "$(tail -n 1 "$TMPDIR/table")"
    contains '<svg' "$(head -n 5 "$build/bench/hits.svg")"
}

it_writes_times_that_are_times() {
    equal '' "$(awk -F, 'NR > 1 && NF == 7 && !($5 > 0 && $6 >= $5 && $7 >= $6)' "$results")"
    equal '' "$(awk -F, 'NR > 1 && NF != 7 && NF != 4' "$results")"
}

it_counts_more_instructions_for_a_hit_than_for_bare_memory() {
    (($(instructions hit) > $(instructions floor) && $(instructions floor) > 0))
}

instructions() { awk -F, -v what="$1" '$1 == "instructions" && $3 == what { print $4 }' "$results"; }

check_all "$@"
