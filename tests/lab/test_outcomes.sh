#!/usr/bin/env bash
# What external DNS can say about a name, and what the program then gets (the table "Outcomes" of the contract).
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

it_gives_all_addresses_of_both_families() {
    equal "$ORIGIN_V6 $ORIGIN_V4" "$(look_up dual.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_asks_for_address_records_alone_where_ipv4_alone_is_wanted() {
    equal "$ORIGIN_V4" "$(look_up dual.example.com inet)"
    equal '1 0' "$(queries 8.8.8.8 dual.example.com A) $(queries 8.8.8.8 dual.example.com AAAA)"
}

it_gives_the_one_family_that_exists() {
    equal "$ORIGIN_V4" "$(look_up "$CDN" unspec)"
    equal "$ORIGIN_V6" "$(look_up six.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_does_not_fall_back_for_a_record_type_that_does_not_exist() {
    equal EAI_NODATA "$(look_up "$CDN" inet6)"
    equal EAI_NODATA "$(look_up six.example.com inet)"
    equal EAI_NODATA "$(look_up empty.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_follows_a_chain_of_aliases() {
    equal "$ORIGIN_V4" "$(look_up alias.example.com unspec)"
    nobody_asked "$LOCAL_DNS"
    stop 8.8.8.8
    equal "$ORIGIN_V4" "$(look_up alias.example.com inet)"
}

it_lets_libc_answer_for_a_name_that_does_not_exist_outside() {
    equal "$LOCAL_WEB" "$(look_up nowhere.example.com unspec)"
    contains 'warn failed to resolve origin IP via external DNS, using default DNS host=nowhere.example.com' "$(said host)"
    ((1 <= $(queries "$LOCAL_DNS" nowhere.example.com)))
}

it_lets_libc_answer_for_a_chain_that_ends_in_no_such_name() {
    equal "$EDGE_V4" "$(look_up dangling.example.com inet)"
    contains 'host=dangling.example.com' "$(said host)"
}

it_lets_libc_say_that_a_name_exists_nowhere() {
    equal EAI_NONAME "$(look_up neither.example.com unspec)"
}

it_does_not_ask_the_second_server_whether_a_name_really_does_not_exist() {
    look_up nowhere.example.com unspec
    nobody_asked 1.1.1.1
}

# The addresses in the order in which they sort, for the order of getaddrinfo is libc's affair.
look_up() { call '*.example.com' getaddrinfo "$@" | sort | paste -sd' '; }

prepare() { with_settings "$patient"; }

check_all "$@"
