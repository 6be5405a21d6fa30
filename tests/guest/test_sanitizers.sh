#!/usr/bin/env bash
# A thousand look-ups by several functions, cold, warm and past their lifetime, with the library and the program built
# for the compiler's sanitizers. That these report what they should is shown as well.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

guest=$top/tests/guest
hosts='*.many.example.com'

it_has_no_data_race_in_a_thousand_mixed_lookups() {
    build_for thread
    makes_a_thousand_lookups
    asked_again_after_a_lifetime
    quiet
}

it_has_no_data_race_in_a_thousand_mixed_lookups_that_are_logged() {
    build_for thread
    ORIGIN_BYPASS_LOG_LEVEL=debug makes_a_thousand_lookups
    lacks ThreadSanitizer "$(<"$messages")"
    contains 'info resolved origin IP' "$(said program)"
    contains 'debug resolved origin IP via external DNS' "$(said program)"
    lacks 'not JSON' "$(said program)"
}

it_makes_no_memory_error_and_no_undefined_behaviour_in_a_thousand_mixed_lookups() {
    build_for address
    makes_a_thousand_lookups
    asked_again_after_a_lifetime
    quiet
}

it_makes_no_memory_error_and_no_undefined_behaviour_while_external_dns_is_down() {
    build_for address
    stop 8.8.8.8
    stop 1.1.1.1
    # libc answers, with both families: not all of them are the one address.
    sanitized "$mixed" 16 4 10 many.example.com "$EDGE_V4" reentrant >"$TMPDIR/counts"
    lacks Sanitizer "$(<"$messages")"
    lacks 'runtime error' "$(<"$messages")"
    equal 64 "$(grep -c 'failed to resolve origin IP via external DNS' "$messages")"
    equal 64 "$(wc -l <"$messages")"
}

it_would_report_a_data_race() {
    build_for thread
    printf '%s\n' '#include <pthread.h>' 'static int shared;' \
        'static void *count(void *unused) { shared++; return unused; }' \
        'int main(void) {' \
        '    pthread_t thread;' \
        '    pthread_create(&thread, 0, count, 0);' \
        '    shared++;' \
        '    return pthread_join(thread, 0);' \
        '}' >"$TMPDIR/racy.c"
    "${CC:-cc}" "${flags[@]}" -o "$TMPDIR/racy" "$TMPDIR/racy.c"
    sanitized "$TMPDIR/racy" || :
    contains 'ThreadSanitizer: data race' "$(<"$messages")"
}

it_would_report_a_read_past_the_end_and_a_leak_and_an_overflow() {
    build_for address
    printf '%s\n' '#include <stdlib.h>' \
        'static char *volatile block;' \
        'int main(int argc, char **argv) {' \
        '    block = malloc((size_t)argc);' \
        '    if (argc == 2) return block[atoi(argv[1])];' \
        '    if (argc == 3) return 2147483647 + argc;' \
        '    block = 0;' \
        '    return 0;' \
        '}' >"$TMPDIR/faulty.c"
    "${CC:-cc}" "${flags[@]}" -o "$TMPDIR/faulty" "$TMPDIR/faulty.c"
    reports 'heap-buffer-overflow' 2
    reports 'signed integer overflow' 1 2
    reports 'detected memory leaks'
}

reports() {
    sanitized "$TMPDIR/faulty" "${@:2}" || :
    contains "$1" "$(<"$messages")"
}

makes_a_thousand_lookups() {
    equal '1008 right, 0 wrong' "$(sanitized "$mixed" 16 63 50 many.example.com "$ORIGIN_V4")"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

# Once in a lifetime 50 names and two types make a hundred queries at most.
asked_again_after_a_lifetime() { (($(queries 8.8.8.8) > 100)); }

# ThreadSanitizer of older compilers can not live with the many random bits of newer kernels.
without_aslr=(setarch -R)
"${without_aslr[@]}" true 2>/dev/null || without_aslr=()

# A program under the sanitized library; the sanitizer's own has to come first.
sanitized() {
    "${without_aslr[@]}" env LD_PRELOAD="$runtime $TMPDIR/$sanitizer/liboriginbypass.so" ORIGIN_BYPASS_HOSTS="$hosts" \
        ORIGIN_BYPASS_CONFIG_FILE="$TMPDIR/short.conf" "$@" 2>"$messages"
}

# build_for thread|address: where the compiler has the sanitizer's library in the program, there is no runtime to load.
build_for() {
    sanitizer=$1 mixed=$TMPDIR/mixed-$1
    flags=(-std=gnu11 -D_GNU_SOURCE -O1 -g -pthread "-fsanitize=$1")
    runtime=libtsan.so
    [[ $1 == thread ]] || { flags+=(-fsanitize=undefined -fno-sanitize-recover=undefined) && runtime=libasan.so; }
    runtime=$("${CC:-cc}" -print-file-name="$runtime")
    [[ $runtime == /* ]] || runtime=
    echo 'cache = { min_ttl_s = 0; max_ttl_s = 1; negative_ttl_s = 1; };' >"$TMPDIR/short.conf"
    [[ ! -x $mixed ]] || return 0
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j2 -C "$top" SANITIZE="$1" BUILD="$TMPDIR/$1" \
        "$TMPDIR/$1/liboriginbypass.so" >"$TMPDIR/make"
    "${CC:-cc}" "${flags[@]}" -o "$mixed" "$guest/mixed.c"
}

check_all "$@"
