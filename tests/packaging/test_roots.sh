#!/usr/bin/env bash
# The tree of make dist in other systems: one with an older glibc, in which libpthread and libdl are separate libraries,
# and one with a newer glibc.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

it_answers_in_an_older_debian() { answers_in bullseye; }

it_answers_in_a_newer_debian() { answers_in trixie; }

# getent needs neither of the two libraries, perl needs both.
it_answers_in_an_older_debian_with_and_without_its_thread_library() {
    unpack_in bullseye
    lacks libpthread "$(in_root ldd /usr/bin/getent)"
    contains libpthread "$(in_root ldd /usr/bin/perl)"
    contains libdl "$(in_root ldd /usr/bin/perl)"
    equal "$ORIGIN_V4" "$(in_root "${bypassed[@]}" getent hosts "$CDN" | awk '{ print $1 }')"
    equal "$ORIGIN_V4" "$(in_root "${bypassed[@]}" perl -MSocket -e "print inet_ntoa(scalar gethostbyname '$CDN')")"
}

it_has_a_command_that_says_so_in_an_older_debian() {
    unpack_in bullseye
    local command=(env "ORIGIN_BYPASS_HOSTS=$CDN" /opt/originbypass/bin/originbypass)
    contains "$ORIGIN_V4" "$(in_root "${command[@]}" resolve "$CDN")"
    contains 'libc      2606:4700:3030::6815:50e6' "$(in_root "${command[@]}" resolve --explain "$CDN")"
    contains "/opt/originbypass/lib/$(uname -m)/liboriginbypass.so" "$(in_root "${command[@]}" doctor "$CDN" -- /usr/bin/getent)"
    equal "$ORIGIN_V4" "$(in_root "${command[@]}" run getent hosts "$CDN" | awk '{ print $1 }')"
}

it_leaves_libpthread_out_of_a_program_that_has_none() {
    unpack_in bullseye
    lacks libpthread "$(in_root "${bypassed[@]}" cat /proc/self/maps)"
    contains liboriginbypass.so "$(in_root "${bypassed[@]}" cat /proc/self/maps)"
}

it_serves_past_the_ttl_in_an_older_debian_where_no_thread_can_be_started() {
    [[ $(uname -m) == x86_64 ]] || skip 'the program is written for x86-64'
    unpack_in bullseye
    configure "hosts = ( \"$CDN\" ); cache = { min_ttl_s = 0; max_ttl_s = 1; };"
    # Without the usual start files, which need this machine's glibc.
    compile -nostartfiles -Wl,-e,start -o "$root/opt/thrice" -x c - <<END
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((force_align_arg_pointer)) void start(void) {
    for (int i = 0; i < 3; i++) {
        struct hostent *host = gethostbyname("$CDN");
        dprintf(1, "%d ", host == NULL ? -1 : (unsigned char)host->h_addr_list[0][3]);
        usleep(i == 0 ? 2100000 : 0);
    }
    _exit(0);
}
END
    lacks libpthread "$(in_root ldd /opt/thrice)"
    equal '7 7 7 ' "$(in_root "${bypassed[@]}" /opt/thrice)"
}

answers_in() {
    unpack_in "$1"
    contains "$EDGE_V4" "$(in_root getent ahosts "$CDN")"
    equal "$ORIGIN_V4" "$(in_root "${bypassed[@]}" getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    contains 10.0.0.80 "$(in_root "${bypassed[@]}" getent ahosts intranet.example.com)"
    silence_of_every_program
}

# Through /etc/ld.so.preload: no message, and no other effect.
silence_of_every_program() {
    echo "/opt/originbypass/lib/$(uname -m)/liboriginbypass.so" >"$root/etc/ld.so.preload"
    configure "hosts = ( \"$CDN\" );"
    equal "$ORIGIN_V4" "$(in_root getent ahostsv4 "$CDN" | awk 'NR == 1 { print $1 }')"
    equal 'three' "$(in_root sh -c 'dpkg --version | grep -q Debian && ls / | wc -l >/dev/null && perl -e "print qq(three)"' 2>&1)"
}

configure() {
    mkdir -p "$root/etc/originbypass"
    echo "$1" >"$root/etc/originbypass/originbypass.conf"
}

# unpack_in RELEASE: unpacks the tree at /opt/originbypass of this system; `bypassed` starts a command under the library.
unpack_in() {
    with_root "$1"
    unpack_dist "$TMPDIR/unpacked"
    rm -rf "$root/opt/originbypass"
    mv "$unpacked" "$root/opt/originbypass"
    bypassed=(env "ORIGIN_BYPASS_HOSTS=$CDN" /opt/originbypass/share/originbypass/entrypoint)
}

check_all "$@"
