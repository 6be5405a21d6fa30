#!/usr/bin/env bash
# A thousand lookups by several functions from 16 threads: cold, warm and past their lifetime.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

mixed=$(compiled mixed) || exit 125
echo 'cache = { min_ttl_s = 0; max_ttl_s = 1; negative_ttl_s = 1; };' >"$TMPDIR/short.conf"
export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/short.conf

it_answers_a_thousand_mixed_lookups() {
    makes_a_thousand_lookups
    asked_again_after_a_lifetime
    quiet
}

it_logs_a_thousand_mixed_lookups() {
    ORIGIN_BYPASS_LOG_LEVEL=debug makes_a_thousand_lookups
    contains 'info resolved origin IP' "$(said program)"
    contains 'debug resolved origin IP via external DNS' "$(said program)"
    lacks 'not JSON' "$(said program)"
}

it_leaves_mixed_lookups_to_libc_while_external_dns_is_down() {
    stop 8.8.8.8
    stop 1.1.1.1
    # libc answers with both families, so not all addresses are the expected one.
    bypass '*.many.example.com' "$mixed" 16 4 10 many.example.com "$EDGE_V4" reentrant >"$TMPDIR/counts"
    equal 10 "$(grep -c 'failed to resolve origin IP via external DNS' "$messages")" # once for each host
    equal 10 "$(grep -c 'resolved address is a CDN edge' "$messages")" # libc's answer
    # How many queries were in flight when the first reply came, and so whether three were, differs from run to run.
    equal 20 "$(grep -vc 'upstream is down' "$messages")"
}

# The first upstream is never so late that the second one is asked, even on a busy machine.
makes_a_thousand_lookups() {
    echo "$patient" | cat "$TMPDIR/short.conf" - >"$TMPDIR/patient.conf"
    local -x ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/patient.conf
    equal '1008 right, 0 wrong' "$(bypass '*.many.example.com' "$mixed" 16 63 50 many.example.com "$ORIGIN_V4")"
    nobody_asked 1.1.1.1 "$LOCAL_DNS"
}

# In one lifetime, 50 names with two types need at most a hundred queries.
asked_again_after_a_lifetime() { (($(queries 8.8.8.8) > 100)); }

check_all "$@"
