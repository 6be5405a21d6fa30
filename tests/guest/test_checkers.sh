#!/usr/bin/env bash
# The checkers of our programs (lab/checkers.sh) report what they should. A report makes a test fail even if the test does
# not check the program's exit status.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

it_reports_a_read_past_the_end() {
    is_for 'address|valgrind'
    faulty 'char *volatile block = malloc(1); volatile int read = block[1]; free(block); return 0 * read;'
    is_reported 'heap-buffer-overflow|Invalid read'
}

it_reports_a_leak() {
    is_for 'address|valgrind'
    faulty 'static void *volatile block; block = malloc(1); block = 0; return 0;'
    is_reported 'detected memory leaks|definitely lost'
}

it_reports_a_branch_on_what_was_never_written() {
    is_for valgrind
    faulty 'char *volatile block = malloc(1); if (block[0]) puts("set"); free(block); return 0;'
    is_reported 'depends on uninitialised value'
}

it_reports_an_overflow() {
    is_for address
    faulty 'volatile int most = 2147483647; volatile int sum = most + 1; return 0 * sum;'
    is_reported 'signed integer overflow'
}

it_reports_a_data_race() {
    is_for thread
    faulty 'pthread_t thread; pthread_create(&thread, 0, count, 0); count(0); return pthread_join(thread, 0);'
    is_reported 'ThreadSanitizer: data race'
}

it_finds_our_library_built_for_the_sanitizer() {
    is_for 'address|thread'
    # shellcheck disable=SC2154 # checkers.sh sets it
    contains "__$([[ $checker == thread ]] && echo tsan || echo asan)_" "$(nm -D --undefined-only "$LAB_LIBRARY")"
}

# shellcheck disable=SC2053 # a pattern
is_for() { [[ $checker == @($1) ]] || skip "only under $1"; }

# faulty STATEMENTS: runs a program with these statements.
faulty() {
    printf '%s\n' '#include <pthread.h>' '#include <stdio.h>' '#include <stdlib.h>' 'static int shared;' \
        'static void *count(void *unused) { shared++; return unused; }' \
        "int main(void) { (void)count; $1 }" >"$TMPDIR/faulty.c"
    compile -Wno-uninitialized -pthread -o "$TMPDIR/faulty" "$TMPDIR/faulty.c"
    ORIGIN_BYPASS_HOSTS=$CDN preloaded "$TMPDIR/faulty" || :
}

is_reported() {
    local report
    report=$(nothing_reported) && echo 'nothing was reported' && return 1
    : >"$messages"
    grep -qE "$1" <<<"$report" || { echo "$report" && return 1; }
}

check_all "$@"
