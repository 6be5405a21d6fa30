#!/usr/bin/env bash
# Programs whose libc is not glibc, or of which the library cannot tell which libc they have: libc answers every call.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"
# shellcheck source-path=SCRIPTDIR source=musl.sh
source "$top/tests/guest/musl.sh"

it_stays_out_of_the_way_in_a_musl_whose_lists_it_does_not_know() {
    needs_musl
    local asks
    asks=$(compiled_for_musl asks)
    other_lists
    equal "$EDGE_V4
$EDGE_V4
$EDGE_V4" "$(printf '%s\n' "$CDN" "$CDN" "$CDN" | with_it env LD_PRELOAD="$LAB_LIBRARY $TMPDIR/other-lists.so" "$asks")"
    equal "warn libc answers every call reason=the program's libc is a musl that the library does not know" "$(said reason)"
    nobody_asked 8.8.8.8 1.1.1.1
}

it_does_nothing_in_a_program_of_musl_without_a_configuration() {
    needs_musl
    local asks
    asks=$(compiled_for_musl asks)
    equal "$EDGE_V4" "$(echo "$CDN" | LD_PRELOAD=$LAB_LIBRARY "$asks" 2>"$messages")"
    quiet
}

# The loader of glibc, under a name that musl's has.
it_stays_out_of_the_way_if_it_cannot_tell_which_libc_a_program_has() {
    not_under 'address|thread' 'the checker would be asked for too'
    local loader
    cp "$(compiled asks)" "$TMPDIR/plain"
    loader=$(readelf -p .interp "$TMPDIR/plain" | grep -o '/.*')
    cp "$loader" "$TMPDIR/ld-musl-x.so.1"
    compile -Wl,--dynamic-linker="$TMPDIR/ld-musl-x.so.1" -o "$TMPDIR/disguised" "$lab/asks.c"
    equal "$EDGE_V4" "$(echo "$CDN" | with_it "$TMPDIR/disguised")"
    equal "warn libc answers every call reason=the program's interpreter and its libc are not of the same kind" "$(said reason)"
    echo "$CDN" | with_it "$loader" "$TMPDIR/plain" >"$TMPDIR/answer" # without an interpreter of its own, one witness is enough
    equal "$ORIGIN_V4" "$(<"$TMPDIR/answer")"
    quiet
}

it_is_seen_by_doctor_that_libc_answers() {
    needs_musl
    local asks
    asks=$(compiled_for_musl asks)
    other_lists
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD="$LAB_LIBRARY $TMPDIR/other-lists.so" exec "$asks" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    echo "$CDN" >&"${asking[1]}" && read -r <&"${asking[0]}"
    # shellcheck disable=SC2154 # coproc sets it
    contains 'has a libc that the library does not know, such as a later musl: libc answers every call' \
        "$("$originbypass" doctor --pid "$asking_PID")"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# What a later musl could be like: the first node of a list counts one node more.
other_lists() {
    cat >"$TMPDIR/other-lists.c" <<'END'
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    int error = real(name, service, hints, list);
    if (error == 0 && strcmp(name, "127.0.0.1") == 0)
        ++*(short *)((char *)*list + 82);
    return error;
}
END
    "${musl_cc[@]}" -D_GNU_SOURCE -shared -fPIC -o "$TMPDIR/other-lists.so" "$TMPDIR/other-lists.c"
}

with_it() { ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$LAB_LIBRARY "$@" 2>"$messages"; }

check_all "$@"
