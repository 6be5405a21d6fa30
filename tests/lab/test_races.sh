#!/usr/bin/env bash
# Many threads under ThreadSanitizer, with the library and the program built for it.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_has_no_data_race_in_a_thousand_lookups_over_50_names_from_16_threads() {
    build_for_thread_sanitizer
    equal "$ORIGIN_V4 1008" "$(bypass '*.many.example.com' "${without_aslr[@]}" "$crowd" 16 63 50 many.example.com)"
    equal 50 "$(queries 8.8.8.8)"
    quiet
}

it_has_no_data_race_when_64_threads_want_the_same_cold_name() {
    build_for_thread_sanitizer
    equal "$ORIGIN_V4 64" "$(bypass '*.many.example.com' "${without_aslr[@]}" "$crowd" 64 1 1 many.example.com)"
    quiet
}

it_has_no_data_race_while_external_dns_is_down() {
    build_for_thread_sanitizer
    stop 8.8.8.8
    stop 1.1.1.1
    equal "$EDGE_V4 160" "$(bypass '*.many.example.com' "${without_aslr[@]}" "$crowd" 16 10 10 many.example.com)"
    lacks ThreadSanitizer "$(<"$messages")"
}

it_would_report_a_data_race() {
    cat >"$TMPDIR/racy.c" <<'END'
#include <pthread.h>
static int shared;
static void *count(void *unused) {
    shared++;
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, count, 0);
    shared++;
    return pthread_join(thread, 0);
}
END
    cc -fsanitize=thread -g -pthread -o "$TMPDIR/racy" "$TMPDIR/racy.c"
    contains 'ThreadSanitizer: data race' "$("${without_aslr[@]}" "$TMPDIR/racy" 2>&1 || :)"
}

# ThreadSanitizer of older compilers can not live with the many random bits of newer kernels.
without_aslr=(setarch -R)
"${without_aslr[@]}" true 2>/dev/null || without_aslr=()

build_for_thread_sanitizer() {
    crowd=$TMPDIR/crowd-thread
    LAB_LIBRARY=$TMPDIR/thread/liboriginbypass.so
    [[ ! -e $LAB_LIBRARY ]] || return 0
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j2 -C "$top" SANITIZE=thread BUILD="$TMPDIR/thread" "$LAB_LIBRARY"
    "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -fsanitize=thread -O1 -g -pthread -o "$crowd" "$lab/crowd.c"
}

check_all "$@"
