#!/usr/bin/env bash
# The library's messages about its work, as JSON lines, and when it prints none.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125

it_says_nothing_by_default_when_all_is_well() {
    call "$CDN" getaddrinfo "$CDN" unspec
    quiet
}

it_says_what_it_resolved_at_level_info() {
    ORIGIN_BYPASS_LOG_LEVEL=info call '*.example.com' getaddrinfo "$CDN" inet 3
    contains "info resolved origin IP hostname=$CDN ip=$ORIGIN_V4 ips=['$ORIGIN_V4']" "$(said hostname ip ips)"
}

it_says_once_which_configuration_is_in_effect_at_level_info() {
    ORIGIN_BYPASS_UPSTREAMS='8.8.8.8 1.1.1.1:5353' ORIGIN_BYPASS_LOG_LEVEL=info \
        call '*.example.com,!keep.example.com' getaddrinfo "$CDN" inet 3
    equal "info configuration in effect hosts=2 upstreams=['8.8.8.8', '1.1.1.1:5353']" \
        "$(said hosts upstreams | grep 'configuration')"
}

it_says_of_which_file_it_is() {
    echo "hosts = ( \"$CDN\" );" >"$TMPDIR/own.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/own.conf ORIGIN_BYPASS_LOG_LEVEL=info call '' getaddrinfo "$CDN" inet
    contains "info configuration in effect file=$TMPDIR/own.conf hosts=1" "$(said file hosts)"
}

it_says_that_a_name_is_not_listed_at_level_debug() {
    ORIGIN_BYPASS_LOG_LEVEL=debug call "$CDN" getaddrinfo keep.example.com inet || :
    contains 'debug host is not listed host=keep.example.com' "$(said host)"
    ORIGIN_BYPASS_LOG_LEVEL=debug call "$CDN" getaddrinfo "$CDN" inet
    lacks 'not listed' "$(said)"
    ORIGIN_BYPASS_LOG_LEVEL=debug call "$CDN" getaddrinfo 192.0.2.7 inet
    lacks 'not listed' "$(said)"
    ORIGIN_BYPASS_LOG_LEVEL=info call "$CDN" getaddrinfo keep.example.com inet || :
    lacks 'not listed' "$(said)"
}

# The first time from external DNS, the second time from the cache.
it_says_that_a_name_has_no_record_of_the_type_at_level_debug() {
    ORIGIN_BYPASS_LOG_LEVEL=debug call '*.example.com' getaddrinfo "$CDN" inet6 2 || :
    equal "debug no record of this type host=$CDN types=['AAAA']
debug no record of this type host=$CDN types=['AAAA']" "$(said host types | grep -v configuration)"
}

it_says_every_address_of_an_answer() {
    ORIGIN_BYPASS_LOG_LEVEL=info call '*.example.com' getaddrinfo sixty.example.com inet
    equal 60 "$(said ips | grep -o '203[.]0[.]113[.][0-9]*' | sort -u | wc -l)"
}

it_says_that_an_answer_came_from_the_cache_at_level_debug() {
    ORIGIN_BYPASS_LOG_LEVEL=DEBUG call "$CDN" getaddrinfo "$CDN" inet 2
    contains "debug resolved origin IP via external DNS host=$CDN origin_ip=$ORIGIN_V4" "$(said host origin_ip)"
}

it_says_so_too_when_only_the_ipv6_addresses_had_to_be_asked_for() {
    not_under address "Python's own leaks"
    ORIGIN_BYPASS_LOG_LEVEL=debug bypass "$CDN" "$python" -c '
import socket
socket.getaddrinfo("cdn.example.com", 443, socket.AF_INET)
socket.getaddrinfo("cdn.example.com", 443)'
    equal 1 "$(queries 8.8.8.8 "$CDN" AAAA)"
    equal "info resolved origin IP host=None origin_ip=None
debug resolved origin IP via external DNS host=$CDN origin_ip=$ORIGIN_V4" "$(said host origin_ip | grep -v configuration)"
}

it_begins_every_line_with_level_msg_and_the_fields_of_the_contract() {
    stop 8.8.8.8
    stop 1.1.1.1
    call "$CDN" getaddrinfo "$CDN" inet
    contains '{"level":"warn","msg":"failed to resolve origin IP via external DNS, using default DNS","host":"cdn.example.com","reason":"' \
        "$(<"$messages")"
}

it_follows_log_level_where_its_own_variable_is_not_set() {
    LOG_LEVEL=info call "$CDN" getaddrinfo "$CDN" inet
    contains 'info resolved origin IP' "$(said)"
    LOG_LEVEL=verbose call "$CDN" getaddrinfo "$CDN" inet
    quiet
    LOG_LEVEL=info ORIGIN_BYPASS_LOG_LEVEL=warn call "$CDN" getaddrinfo "$CDN" inet
    quiet
}

it_says_nothing_at_level_none() {
    stop 8.8.8.8
    stop 1.1.1.1
    ORIGIN_BYPASS_LOG_LEVEL=none call "$CDN" getaddrinfo "$CDN" inet
    quiet
}

it_writes_to_a_file_if_told_so() {
    ORIGIN_BYPASS_LOG_LEVEL=info ORIGIN_BYPASS_LOG_FILE=$TMPDIR/log call "$CDN" getaddrinfo "$CDN" inet
    quiet
    contains '"level":"info","msg":"resolved origin IP"' "$(<"$TMPDIR/log")"
}

# As containers name them. Images put such a link in place of a log file.
it_writes_to_standard_output_and_standard_error_by_their_names() {
    local name
    ln -s /dev/stdout "$TMPDIR/to_stdout"
    ln -s /dev/stderr "$TMPDIR/to_stderr"
    for name in /dev/stdout /proc/self/fd/1 "$TMPDIR/to_stdout"; do
        contains '"msg":"resolved origin IP"' \
            "$(ORIGIN_BYPASS_LOG_LEVEL=info ORIGIN_BYPASS_LOG_FILE=$name call "$CDN" getaddrinfo "$CDN" inet)"
        quiet
    done
    for name in /dev/stderr /proc/self/fd/2 "$TMPDIR/to_stderr"; do
        equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_LOG_LEVEL=info ORIGIN_BYPASS_LOG_FILE=$name call "$CDN" getaddrinfo "$CDN" inet)"
        equal $'info configuration in effect\ninfo resolved origin IP' "$(said)"
    done
}

# loses PATH REASON: standard error says so, once, with the first message that is lost.
loses() {
    ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_LOG_FILE=$1 call "$CDN" getaddrinfo "$CDN" inet 3
    equal "info configuration in effect line=None reason=None
error messages are lost line=None reason=$2" "$(said line reason)"
    contains "error messages are lost file=$1" "$(said file)"
}

it_tells_once_that_the_log_file_can_not_be_written() {
    mkdir "$TMPDIR/full" "$TMPDIR/fixed"
    mount -t tmpfs -o size=4k tmpfs "$TMPDIR/full"
    mount -t tmpfs -o ro tmpfs "$TMPDIR/fixed"
    head -c 4096 /dev/zero >"$TMPDIR/full/filler"
    loses "$TMPDIR/none/log" 'its directory does not exist'
    loses "$TMPDIR" 'it is not a regular file'
    loses "$TMPDIR/full/log" 'no space is left for it'
    loses "$TMPDIR/fixed/log" 'its file system can only be read'
    umount "$TMPDIR/full" "$TMPDIR/fixed"
}

it_tells_that_standard_output_takes_nothing_where_a_program_has_closed_it() {
    not_checked Python
    ORIGIN_BYPASS_LOG_LEVEL=info ORIGIN_BYPASS_LOG_FILE=/dev/stdout bypass "$CDN" "$python" -c '
import os, socket
os.close(1)
socket.gethostbyname("cdn.example.com")'
    equal 'info configuration in effect reason=None
error messages are lost reason=it is closed, a socket, or not what it was when the program started' "$(said reason)"
}

it_tells_of_a_refused_configuration_even_where_the_log_file_can_not_be_written() {
    ORIGIN_BYPASS_LOG_FILE=$TMPDIR/none/log call a..b getaddrinfo "$CDN" inet
    equal "error configuration refused variable=ORIGIN_BYPASS_HOSTS
error messages are lost variable=None" "$(said variable)"
}

it_escapes_what_a_name_may_hold() {
    local name=$'a"b\\c\x01.example.com'
    ORIGIN_BYPASS_LOG_LEVEL=debug call '*.example.com' getaddrinfo "$name" inet || :
    lacks 'not JSON' "$(said)"
}

it_never_writes_to_standard_output() {
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_LOG_LEVEL=debug call "$CDN" getaddrinfo "$CDN" inet)"
}

it_does_not_disturb_a_program_whose_standard_error_is_closed() {
    not_under valgrind 'its own log is standard error then'
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_HOSTS=$CDN \
        with_library "$caller" getaddrinfo "$CDN" inet 2>&-)"
}

it_writes_nothing_into_the_first_file_of_a_program_without_standard_error() {
    not_checked Python
    rm -f "$TMPDIR/records"
    ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_HOSTS=$CDN with_library "$python" - "$TMPDIR/records" 2>&- <<'END'
import os, socket, sys
number = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.set_inheritable(number, True)
os.write(number, b"a record\n")
socket.gethostbyname("cdn.example.com")
os.write(number, f"another, to number {number}\n".encode())
END
    equal $'a record\nanother, to number 2' "$(<"$TMPDIR/records")"
}

prepare() { with_settings "$patient"; }

check_all "$@"
