#!/usr/bin/env bash
# The configuration file, good and broken. A broken one causes one line of error, and never stops the program.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125
file=$TMPDIR/originbypass.conf

it_takes_hosts_from_the_file_that_the_environment_names() {
    echo 'hosts = ( "*.example.com", "!www.example.com" );' >"$file"
    equal "$ORIGIN_V4" "$(look_up)"
    equal "$EDGE_V4" "$(look_up www.example.com)"
    quiet
}

it_takes_hosts_from_the_file_at_its_usual_place() {
    mkdir /etc/originbypass
    echo 'hosts = ( "cdn.example.com" );' >/etc/originbypass/originbypass.conf
    equal "$ORIGIN_V4" "$(preloaded "$caller" getaddrinfo "$CDN" inet)"
    quiet
}

it_lets_the_hosts_of_the_environment_replace_those_of_the_file() {
    echo 'hosts = ( "cdn.example.com" );' >"$file"
    equal "$EDGE_V4" "$(ORIGIN_BYPASS_HOSTS=www.example.com look_up "$CDN")"
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_HOSTS=www.example.com look_up www.example.com)"
}

it_takes_upstreams_from_the_file() {
    echo 'hosts = ( "cdn.example.com" ); upstreams = [ "1.1.1.1:53", "8.8.8.8" ];' >"$file"
    equal "$ORIGIN_V4" "$(look_up)"
    equal 1 "$(queries 1.1.1.1)"
    nobody_asked 8.8.8.8
}

it_refuses_a_file_with_a_syntax_error() { is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nupstreams = [ oops\n'; }
it_refuses_an_unknown_key() { is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nupstream = [ "8.8.8.8" ];\n'; }
it_refuses_a_wrong_type() { is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nupstreams = "8.8.8.8";\n'; }
it_refuses_a_value_out_of_range() {
    is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nquery = { timeout_ms = -1; };\n'
}
it_refuses_an_integer_that_does_not_fit() {
    is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nquery = { timeout_ms = 4294968296; };\n'
}
it_refuses_an_empty_list_of_upstreams() { is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nupstreams = [ ];\n'; }
it_refuses_an_upstream_that_is_no_address() {
    is_refused_at_line 2 $'hosts = ( "cdn.example.com" );\nupstreams = [ "dns.example.com" ];\n'
}
it_refuses_a_malformed_host() { is_refused_at_line 1 $'hosts = ( "cdn..example.com" );\n'; }
it_refuses_an_include() { is_refused_at_line 1 $'@include "/etc/hosts"\nhosts = ( "cdn.example.com" );\n'; }
it_refuses_20000_brackets() { is_refused "hosts = $(printf '(%.0s' {1..20000})"; }

it_refuses_noise() {
    head -c 65536 /dev/urandom >"$file"
    falls_back_to_libc "file=$file"
}

it_refuses_a_directory() {
    file=$TMPDIR
    falls_back_to_libc "file=$file"
}

it_refuses_a_fifo_without_waiting() {
    file=$TMPDIR/fifo
    mkfifo "$file"
    falls_back_to_libc "file=$file"
}

it_refuses_a_file_that_is_missing() {
    file=$TMPDIR/missing
    falls_back_to_libc "file=$file"
}

it_refuses_upstreams_of_the_environment_that_are_no_addresses() {
    : >"$file"
    ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_UPSTREAMS=nonsense falls_back_to_libc variable=ORIGIN_BYPASS_UPSTREAMS
}

it_refuses_hosts_of_the_environment_that_are_no_names() {
    : >"$file"
    ORIGIN_BYPASS_HOSTS="$CDN a..b" falls_back_to_libc variable=ORIGIN_BYPASS_HOSTS
}

it_tells_of_a_broken_file_once_a_process() {
    echo oops >"$file"
    ORIGIN_BYPASS_CONFIG_FILE=$file preloaded "$caller" getaddrinfo "$CDN" inet 10
    equal 1 "$(wc -l <"$messages")"
}

it_says_nothing_of_a_broken_file_in_a_program_that_resolves_nothing() {
    echo oops >"$file"
    ORIGIN_BYPASS_CONFIG_FILE=$file preloaded ls / >"$TMPDIR/ls"
    quiet
}

look_up() { ORIGIN_BYPASS_CONFIG_FILE=$file preloaded "$caller" getaddrinfo "${1-$CDN}" inet; }

is_refused_at_line() {
    printf '%s' "$2" >"$file"
    falls_back_to_libc "file=$file" "line=$1"
}

is_refused() {
    printf '%s' "$1" >"$file"
    falls_back_to_libc "file=$file"
}

falls_back_to_libc() {
    equal "$EDGE_V4" "$(look_up)"
    nobody_asked 8.8.8.8 1.1.1.1
    equal 1 "$(wc -l <"$messages")"
    contains 'error configuration refused' "$(said)"
    lacks 'reason=None' "$(said reason)"
    local expected
    for expected in "$@"; do contains " $expected" "$(said file line variable)"; done
}

check_all "$@"
