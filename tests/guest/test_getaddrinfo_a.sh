#!/usr/bin/env bash
# getaddrinfo_a, gai_suspend, gai_cancel and gai_error do what libc's do, scenario by scenario and line by line, and in
# addition what a guest owes to the program.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

guest=$top/tests/guest

# --- with the world's servers ----------------------------------------------------------------------------------------

it_gets_the_origin_for_the_names_that_are_ours_and_libcs_answer_for_the_others() {
    equal "0
$CDN $ORIGIN_V4
intranet.example.com $LOCAL_WEB
localhost 127.0.0.1
nowhere.example.test -
1 threads after 300 ms" \
        "$(bypass "$CDN" "$(built background)" addresses "$CDN" intranet.example.com localhost nowhere.example.test)"
    quiet
    equal 0 "$(queries "$LOCAL_DNS" "$CDN")"
}

# libc keeps an idle thread for a second; the tests recognize libc by it.
it_leaves_all_to_libc_where_it_is_disabled_or_has_nothing_to_do() {
    local expected="0
$CDN $EDGE_V4
2 threads after 300 ms"
    equal "$expected" "$("$(built background)" addresses "$CDN")"
    equal "$expected" "$(preloaded "$(built background)" addresses "$CDN")"
    equal "$expected" "$(ORIGIN_BYPASS_DISABLED=1 bypass "$CDN" "$(built background)" addresses "$CDN")"
    quiet
}

it_calls_its_own_getaddrinfo_in_a_program_that_exports_another() {
    cat >"$TMPDIR/other.c" <<'END'
#include <netdb.h>
#include <stdlib.h>
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    (void)node, (void)service, (void)hints, (void)list;
    abort();
}
END
    build "$TMPDIR/other" -rdynamic "$TMPDIR/other.c" "$guest/background.c" "$guest/gated_dns.c"
    contains "$CDN $ORIGIN_V4" "$(bypass "$CDN" "$TMPDIR/other" addresses "$CDN")"
}

it_starts_threads_in_a_program_whose_thread_local_storage_is_larger_than_a_small_stack() {
    cat >"$TMPDIR/large.c" <<'END'
__thread volatile char large[500 * 1024];
__attribute__((constructor)) static void use(void) { large[0] = 1; }
END
    build "$TMPDIR/large" "$TMPDIR/large.c" "$guest/background.c" "$guest/gated_dns.c"
    contains '21 threads at work' "$(gated "$TMPDIR/large" threads_end)"
}

# --- as libc's -------------------------------------------------------------------------------------------------------

it_does_line_by_line_what_libc_does() {
    local program scenario compared=0
    program=$(built asynchronous)
    for scenario in $("$program"); do
        echo "$scenario:"
        if ! timeout 60 "$program" "$scenario" >"$TMPDIR/libc"; then
            [[ -n ${BUILT-} ]] && skip "glibc $(getconf GNU_LIBC_VERSION | cut -d' ' -f2) ends a program itself: $scenario"
            return 1
        fi
        gated "$program" "$scenario" >"$TMPDIR/ours"
        diff "$TMPDIR/libc" "$TMPDIR/ours"
        lacks '"level":"error"' "$(<"$messages")"
        compared=$((compared + $(wc -l <"$TMPDIR/ours")))
    done
    echo "$compared lines"
    ((compared > 400))
}

# --- as a guest ------------------------------------------------------------------------------------------------------

it_carries_out_200_requests_in_20_threads_that_end_with_them() {
    equal '21 threads at work
200 answers
1 thread, unshare: good' "$(gated "$(built background)" threads_end)"
}

it_blocks_all_signals_in_its_threads() {
    equal '3 of its threads have all signals blocked' "$(gated "$(built background)" no_signal_in_its_threads)"
}

it_wakes_many_threads_that_wait_for_the_same_requests() {
    equal '8 waiters, 200 answers' "$(gated "$(built background)" many_wait_for_the_same)"
}

it_wakes_who_waits_for_a_request_that_is_cancelled() {
    equal 'cancelled, and its waiter went on' "$(gated "$(built background)" cancelled_while_waited_for)"
}

it_works_at_once_in_a_child_made_while_all_threads_are_busy_by_fork_and__fork_and_clone() {
    equal "$(printf 'exit 0\nparent: 200 answers\n%.0s' 1 2 3)" "$(gated "$(built background)" forked_while_busy)"
}

it_works_in_400_children_made_while_threads_ask_on_and_on() {
    equal '400 good children' "$(gated "$(built background)" forked_often)"
}

it_goes_on_after_signal_handlers_have_jumped_out_of_it() {
    equal '50 jumps, 200 answers' "$(gated "$(built background)" jumped_out_of)"
}

it_looks_up_in_the_callers_thread_or_refuses_where_no_thread_can_be_started() {
    equal 'wait: 0, 30 answers
no wait: EAI_SYSTEM, errno EAGAIN
30 refused, notified, wait: 0' "$(gated "$(built background)" without_threads)"
}

it_needs_no_more_than_a_stack_of_32_kib() {
    equal 'started: 0
answers to all: yes' "$(gated "$(built background)" small_stack)"
}

it_lets_the_program_exit_while_requests_are_under_way() {
    local status=0
    gated "$(built background)" exit_while_busy || status=$?
    equal 7 "$status"
    quiet
}

# --- under the sanitizers and valgrind -------------------------------------------------------------------------------

# libc guards its list of interfaces and its resolv.conf with locks that ThreadSanitizer does not see.
it_has_no_data_race() {
    build_for thread
    printf 'race:%s\n' __check_pf __GI___libc_dynarray_emplace_enlarge >"$TMPDIR/suppressions"
    export TSAN_OPTIONS=suppressions=$TMPDIR/suppressions
    clean_under_sanitizer crowd chain cancelled many_wait_for_the_same cancelled_while_waited_for jumped_out_of
}

# libc frees the memory of a thread's resolver after LeakSanitizer has seen the end of that thread.
it_makes_no_memory_error_and_no_undefined_behaviour_and_leaks_nothing() {
    build_for address
    echo leak:__res_context_send >"$TMPDIR/suppressions"
    export LSAN_OPTIONS=suppressions=$TMPDIR/suppressions:print_suppressions=0
    clean_under_sanitizer crowd notified_by_thread chain cancelled many_wait_for_the_same forked_while_busy \
        jumped_out_of
}

it_finds_no_leak_without_threads() {
    skip "LeakSanitizer itself needs a thread"
}

it_works_in_400_children_under_the_address_sanitizer() {
    skip "the sanitizer's own allocator keeps its locks in a child that is made while other threads allocate"
}

# Threads that use libc's resolv.conf for the first time together each load it, and all but one of these copies are lost.
it_is_clean_under_valgrind() {
    [[ -z ${BUILT-} ]] || skip 'the valgrind of this system may not know what the compiler of another one has written'
    local scenario
    printf '%s\n' '{' 'resolv_conf' 'Memcheck:Leak' '...' 'fun:__resolv_conf_load' '...' '}' >"$TMPDIR/suppressions"
    for scenario in crowd notified_by_thread cancelled many_wait_for_the_same jumped_out_of; do
        echo "$scenario:"
        gated valgrind --quiet --fair-sched=try --error-exitcode=9 --errors-for-leak-kinds=definite --leak-check=full \
            --show-leak-kinds=definite --trace-children=no --log-file="$TMPDIR/valgrind" \
            --suppressions="$TMPDIR/suppressions" "$(built "$(program_of "$scenario")")" "$scenario" \
            >"$TMPDIR/ours" || { echo "status $?"; cat "$TMPDIR/ours" "$TMPDIR/valgrind" && return 1; }
        equal '' "$(<"$TMPDIR/valgrind")"
    done
}

# --- helpers ---------------------------------------------------------------------------------------------------------

build() { "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g -pthread -o "$@" "${checker_libraries[@]}"; }

# built NAME: the path of the program made from NAME.c.
built() {
    local program=$LAB/tmp/$1
    [[ -x $program ]] || build "$program" "$guest/$1.c" "$guest/gated_dns.c" || return
    echo "$program"
}

# The library's server and libc's are both the program's own server, behind its gate.
gated() {
    printf '%s\n' 'hosts = ( "*.ours.test" );' 'upstreams = [ "127.0.0.1" ];' \
        'query = { timeout_ms = 30000; hedge_ms = 29000; deadline_ms = 30000; };' >"$TMPDIR/gated.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/gated.conf preloaded timeout 60 "$@"
}

program_of() { if "$(built asynchronous)" | grep -x "$1" >"$TMPDIR/found"; then echo asynchronous; else echo background; fi; }

# ThreadSanitizer of older compilers does not work with the many random bits of newer kernels.
without_aslr=(setarch -R)
"${without_aslr[@]}" true 2>/dev/null || without_aslr=()

# build_for thread|address: if the compiler links the sanitizer into the program, there is no runtime to load.
build_for() {
    [[ -z ${BUILT-} ]] || skip 'the library was built elsewhere, without sanitizers'
    sanitizer=$1
    local flags=("-fsanitize=$1") name
    runtime=libtsan.so
    [[ $1 == thread ]] || { flags+=(-fsanitize=undefined -fno-sanitize-recover=undefined) && runtime=libasan.so; }
    runtime=$("${CC:-cc}" -print-file-name="$runtime")
    [[ $runtime == /* ]] || runtime=
    [[ ! -e $TMPDIR/$1/liboriginbypass.so ]] || return 0
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -j2 -C "$top" SANITIZE="$1" BUILD="$TMPDIR/$1" \
        "$TMPDIR/$1/liboriginbypass.so" >"$TMPDIR/make"
    for name in asynchronous background; do
        build "$TMPDIR/$1/$name" "${flags[@]}" "$guest/$name.c" "$guest/gated_dns.c"
    done
}

clean_under_sanitizer() {
    local scenario
    for scenario; do
        echo "$scenario:"
        gated "${without_aslr[@]}" env LD_PRELOAD="$runtime $TMPDIR/$sanitizer/liboriginbypass.so" \
            "$TMPDIR/$sanitizer/$(program_of "$scenario")" "$scenario" >"$TMPDIR/ours"
        lacks Sanitizer "$(<"$messages")"
        lacks 'runtime error' "$(<"$messages")"
    done
}

check_all "$@"
