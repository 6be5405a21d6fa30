#!/usr/bin/env bash
# curl over HTTPS, unmodified and with its certificate check on.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

fetch=(curl -sS --max-time 20 --cacert "$LAB/tls/ca.pem" -w ' %{http_code} %{remote_ip} %{ssl_verify_result}')

it_reaches_the_origin_with_host_sni_and_certificate_in_order() {
    local answer
    answer=$(bypass "$CDN" "${fetch[@]}" "https://$CDN/")
    contains '"server":"origin"' "$answer"
    contains '"host":"cdn.example.com","sni":"cdn.example.com"' "$answer"
    contains " 200 $ORIGIN_V4 0" "$answer"
    quiet
}

it_meets_the_edge_without_the_library() {
    contains ' 403 ' "$("${fetch[@]}" "https://$CDN/")"
}

it_meets_the_edge_where_the_name_is_not_listed() {
    contains ' 403 ' "$(bypass www.example.com "${fetch[@]}" "https://$CDN/")"
    quiet
}

it_reaches_the_origin_over_plain_http() {
    contains " 200 $ORIGIN_V4" "$(bypass "$CDN" "${fetch[@]}" "http://$CDN/")"
}

it_is_answered_by_8888_alone() {
    bypass "$CDN" "${fetch[@]}" "https://$CDN/"
    equal '1 1' "$(queries 8.8.8.8 "$CDN" A) $(queries 8.8.8.8 "$CDN" AAAA)"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

it_refuses_a_certificate_that_nobody_vouches_for() {
    fails bypass "$CDN" curl -sS --cacert "$LAB/tls/edge.pem" "https://$CDN/"
}

it_reaches_the_origin_for_ipv4_alone() {
    contains " 200 $ORIGIN_V4" "$(bypass "$CDN" "${fetch[@]}" -4 "https://$CDN/")"
}

it_fails_for_ipv6_alone_as_with_libc_over_the_same_dns() {
    same_as_libc "$CDN" curl -s -6 "https://$CDN/"
    nobody_asked "$LOCAL_DNS"
    fails bypass "$CDN" curl -s -6 "https://$CDN/"
}

it_reaches_the_origin_over_ipv6_where_it_has_it() {
    contains " 200 $ORIGIN_V6" "$(bypass '*.example.com' "${fetch[@]}" https://six.example.com/)"
}

it_still_reaches_other_names() {
    contains 'local web server' "$(bypass "$CDN" "${fetch[@]}" https://intranet.example.com/)"
}

it_reaches_both_in_one_process() {
    local answer
    answer=$(bypass "$CDN" "${fetch[@]}" "https://$CDN/" https://intranet.example.com/)
    contains '"server":"origin"' "$answer"
    contains 'local web server' "$answer"
}

check_all "$@"
