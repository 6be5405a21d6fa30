#!/usr/bin/env bash
# Node, which contains a c-ares of its own and exports its symbols.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

export NODE_EXTRA_CA_CERTS=$LAB/tls/ca.pem

it_gets_the_origin_from_dns_lookup() {
    equal "[{\"address\":\"$ORIGIN_V4\",\"family\":4}]" "$(bypass "$CDN" node -e '
        require("dns").lookup("cdn.example.com", { all: true }, (error, addresses) =>
            console.log(JSON.stringify(error || addresses)));')"
    quiet
}

it_reaches_the_origin_over_https_with_certificate_check() {
    contains '200 {"server":"origin"' "$(get https)"
}

it_reaches_the_origin_over_http() {
    contains '200 {"server":"origin"' "$(get http)"
}

it_meets_the_edge_without_the_library() {
    equal '403 error code: 1000' "$(LAB_LIBRARY='' get https)"
}

it_asks_external_dns_once_for_many_requests() {
    bypass "$CDN" node -e '
        let left = 20;
        const next = () => left-- && require("dns").lookup("cdn.example.com", 4, next);
        next();'
    equal 1 "$(queries 8.8.8.8 "$CDN" A)"
    nobody_asked "$LOCAL_DNS"
}

get() {
    bypass "$CDN" node -e '
        const scheme = process.argv[1];
        require(scheme).get(scheme + "://cdn.example.com/", (response) => {
            let body = "";
            response.on("data", (part) => body += part);
            response.on("end", () => console.log(response.statusCode, body));
        }).on("error", console.log);' "$1"
}

check_all "$@"
