#!/usr/bin/env bash
# The demo prints what was observed, and a row that is not as it should be is an error.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

it_shows_every_row_as_it_should_be() {
    local table
    table=$("$lab/demo")
    lacks 'should be' "$table"
    equal 11 "$(grep -c "$EDGE_V4\|$EDGE_V6\|$ORIGIN_V4 \|$ORIGIN_V6 " <<<"$(tail -n +7 <<<"$table")")"
    contains '"msg":"failed to resolve origin IP via external DNS, using default DNS"' "$table"
}

it_shows_what_the_readme_shows() {
    equal "$(readme_block 'The demo' 'curl, with library' | with_one_edge)" \
        "$("$lab/demo" | sed -n '/DNS that/,/^curl, IPv6 alone/p' | with_one_edge)"
}

# A program may take either of its addresses.
with_one_edge() { sed "s/$EDGE_V6/$EDGE_V4/" | tr -s ' '; }

it_fits_a_terminal_of_120_columns() {
    equal '' "$("$lab/demo" | sed -n '1,/both down/p' | grep -E '.{121}')"
}

it_shows_a_library_that_does_nothing_as_wrong() {
    local status=0 table
    echo 'int nothing;' | cc -shared -fPIC -x c -o "$TMPDIR/nothing.so" -
    table=$(LAB_LIBRARY=$TMPDIR/nothing.so "$lab/demo") || status=$?
    equal 1 "$status"
    equal 5 "$(grep -c "should be: .* origin 200 $CDN $CDN ok" <<<"$table")"
    equal 1 "$(grep -c "should be: $PRIMARY origin 200 shop.example.com shop.example.com ok" <<<"$table")"
}

it_shows_a_local_dns_that_is_asked_all_the_same_as_wrong() {
    local status=0
    echo 'int nothing;' | cc -shared -fPIC -x c -o "$TMPDIR/nothing.so" -
    sed -i "s/^nameserver.*/nameserver 8.8.8.8/" /etc/resolv.conf
    LAB_LIBRARY=$TMPDIR/nothing.so "$lab/demo" >"$TMPDIR/table" || status=$?
    equal 1 "$status"
    contains "should be: $LOCAL_DNS edge 403 error 1000 - - ok" "$(<"$TMPDIR/table")"
}

it_says_so_when_the_library_is_not_built() {
    local status=0
    LAB_LIBRARY=$TMPDIR/missing.so "$lab/demo" 2>"$messages" || status=$?
    equal 125 "$status"
    contains 'build it with make' "$(<"$messages")"
}

check_all "$@"
