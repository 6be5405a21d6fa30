#!/usr/bin/env bash
# One query for many lookups, in one thread and in many.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

crowd=$(compiled crowd) || exit 125

it_asks_once_for_fifty_lookups_of_ipv4() {
    equal "$ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" inet 50)"
    equal '1 1' "$(queries 8.8.8.8) $(queries 8.8.8.8 "$CDN" A)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

it_asks_once_for_each_type_for_fifty_lookups_of_both_families() {
    equal "$ORIGIN_V4" "$(call "$CDN" getaddrinfo "$CDN" unspec 50)"
    equal '2 1 1' "$(queries 8.8.8.8) $(queries 8.8.8.8 "$CDN" A) $(queries 8.8.8.8 "$CDN" AAAA)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

it_asks_once_for_fifty_lookups_of_a_record_that_does_not_exist() {
    equal "$no_data" "$(call "$CDN" getaddrinfo "$CDN" inet6 50 || :)"
    equal 1 "$(queries 8.8.8.8)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

it_remembers_that_a_name_does_not_exist() {
    equal "$LOCAL_WEB" "$(call nowhere.example.com getaddrinfo nowhere.example.com inet 50)"
    equal '1 1' "$(queries 8.8.8.8 nowhere.example.com A) $(queries 8.8.8.8 nowhere.example.com AAAA)" # AAAA shows if it exists
}

it_shares_an_answer_between_functions() {
    not_checked Python
    bypass "$CDN" "$python" -c 'import socket
for _ in range(25):
    socket.getaddrinfo("cdn.example.com", 443, socket.AF_INET)
    socket.gethostbyname_ex("CDN.Example.COM.")'
    equal 1 "$(queries 8.8.8.8)"
}

it_still_answers_after_external_dns_is_gone() {
    not_checked Python
    coproc look_up { bypass "$CDN" "$python" -u -c 'import socket
for line in open(0): print(socket.gethostbyname("cdn.example.com"))'; }
    ask_the_process
    equal "$ORIGIN_V4" "$reply"
    stop 8.8.8.8
    stop 1.1.1.1
    ask_the_process
    equal "$ORIGIN_V4" "$reply"
    nobody_asked "$LOCAL_DNS"
}

it_asks_once_for_64_threads_that_want_the_same_cold_name() {
    equal "$ORIGIN_V4 64" "$(bypass '*.many.example.com' "$crowd" 64 1 1 many.example.com)"
    equal 1 "$(queries 8.8.8.8)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

it_asks_once_a_name_for_a_thousand_lookups_from_16_threads() {
    equal "$ORIGIN_V4 1008" "$(bypass '*.many.example.com' "$crowd" 16 63 50 many.example.com)"
    equal 50 "$(queries 8.8.8.8)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
    quiet
}

it_asks_once_for_64_threads_while_external_dns_is_silent() {
    silence 8.8.8.8
    equal "$ORIGIN_V4 64" "$(bypass '*.many.example.com' "$crowd" 64 1 1 many.example.com)"
    equal 1 "$(queries 1.1.1.1 0.many.example.com A)"
    nobody_asked "$LOCAL_DNS"
}

ask_the_process() {
    echo >&"${look_up[1]}"
    read -r -t 20 reply <&"${look_up[0]}"
}

prepare() { with_settings "$patient"; }

check_all "$@"
