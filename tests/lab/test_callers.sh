#!/usr/bin/env bash
# A C program that calls each interposed function.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

functions=(getaddrinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r)
caller=$(compiled caller) || exit 125

it_gets_the_origin_from_every_function() {
    local function
    for function in "${functions[@]}"; do
        echo "$function:"
        equal "$ORIGIN_V4" "$(call "$CDN" "$function" "$CDN" inet)"
        quiet
    done
    nobody_asked "$LOCAL_DNS" 1.1.1.1
}

it_gets_the_edge_from_every_function_without_the_library() {
    local function
    for function in "${functions[@]}"; do
        equal "$EDGE_V4" "$("$caller" "$function" "$CDN" inet)"
    done
}

it_gets_no_such_record_for_ipv6_from_every_function() {
    equal "$no_data" "$(call "$CDN" getaddrinfo "$CDN" inet6 || :)"
    equal "$no_data_in_h_errno" "$(call "$CDN" gethostbyname2 "$CDN" inet6 || :)"
    equal "$no_data_in_h_errno" "$(call "$CDN" gethostbyname2_r "$CDN" inet6 || :)"
    nobody_asked "$LOCAL_DNS"
}

it_gets_from_every_function_what_libc_gives_for_the_same_dns() {
    local function name family
    for name in "$CDN" dual.example.com six.example.com alias.example.com empty.example.com; do
        for function in "${functions[@]}"; do
            for family in inet inet6; do
                echo "$function $name $family:"
                same_as_libc '*.example.com' "$caller" "$function" "$name" "$family"
            done
        done
        same_as_libc '*.example.com' "$caller" getaddrinfo "$name" unspec
    done
}

it_gets_every_address_of_a_long_answer_over_tcp() {
    local function
    for function in "${functions[@]}"; do
        echo "$function:"
        equal 120 "$(call crowd.example.com "$function" crowd.example.com inet | sort -u | wc -l)"
        equal 60 "$(call sixty.example.com "$function" sixty.example.com inet | sort -u | wc -l)"
    done
    stop 8.8.8.8
    equal 120 "$(call crowd.example.com getaddrinfo crowd.example.com inet | sort -u | wc -l)"
    nobody_asked "$LOCAL_DNS"
}

prepare() { with_settings "$patient"; }

check_all "$@"
