#!/usr/bin/env bash
# A call that is made again gets the same answer as the first one.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125

# The first call asks, the second finds the order of the addresses in the cache, and the third finds the whole answer.
it_gives_the_same_answer_the_third_time() {
    local name family
    for name in dual.example.com alias.example.com DUAL.example.com.; do
        for family in unspec inet inet6; do
            same_as_libc '*.example.com' "$caller" getaddrinfo "$name" "$family" 3 || return
        done
    done
}

it_tells_of_each_call_at_level_debug() {
    ORIGIN_BYPASS_LOG_LEVEL=debug call dual.example.com getaddrinfo dual.example.com unspec 5 >"$TMPDIR/out"
    equal 4 "$(said host | grep -c '^debug resolved origin IP via external DNS host=dual.example.com')"
}

check_all "$@"
