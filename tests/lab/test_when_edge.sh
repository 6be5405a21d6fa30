#!/usr/bin/env bash
# when = "edge", for which the variable has the word auto: a name is ours only if libc leads to an edge.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

caller=$(compiled caller) || exit 125
SIX=six.example.com       # outside it has an IPv6 origin alone
SHOP=shop.example.com     # it is the edge outside, too
GONE=missing.example.com  # there is no such name outside, but /etc/hosts has it
EMPTY=empty.example.com   # outside it has no address
MIXED=mixed.example.com   # an edge and an origin, here and outside
HALFWAY=halfway.example.com # outside it has an IPv6 origin, and the edge's IPv4 address
OTHER=other.example.com   # no edge, but another address outside

# --- what it is for --------------------------------------------------------------------------------------------------

it_answers_each_function() {
    local function
    for function in getaddrinfo gethostbyname gethostbyname2 gethostbyname_r gethostbyname2_r; do
        equal "$ORIGIN_V4" "$(call auto "$function" "$CDN" inet)"
    done
    quiet
}

it_says_what_it_replaced() {
    ORIGIN_BYPASS_LOG_LEVEL=info call auto getaddrinfo "$CDN" inet >"$TMPDIR/out"
    contains "info resolved origin IP hostname=$CDN ip=$ORIGIN_V4 instead_of=$EDGE_V4" "$(said hostname ip instead_of)"
}

it_takes_the_edges_out_of_an_answer() {
    equal "$EDGE_V4 $ORIGIN_V4" "$(bypass "$MIXED" "$caller" getaddrinfo "$MIXED" inet | sort | paste -sd' ')"
    equal "$ORIGIN_V4" "$(call auto getaddrinfo "$MIXED" inet)"
}

# --- both families ---------------------------------------------------------------------------------------------------

it_does_not_let_the_edge_in_by_the_other_family() {
    equal "$no_data" "$(call auto getaddrinfo "$CDN" inet6 || :)"
    equal "$no_data_in_h_errno" "$(call auto gethostbyname2 "$CDN" inet6 || :)"
    equal "$no_data" "$(call auto getaddrinfo "$SIX" inet || :)"
    quiet
}

it_does_not_use_the_edges_of_one_family_if_the_other_has_an_origin() {
    equal "$ORIGIN_V6" "$(call auto getaddrinfo "$HALFWAY" unspec 3)"
    equal "$no_data" "$(call auto getaddrinfo "$HALFWAY" inet || :)"
    equal "$no_data" "$(call auto getaddrinfo "$HALFWAY" inet 3 || :)"
    equal "$ORIGIN_V6" "$(call auto gethostbyname2 "$HALFWAY" inet6 3)"
}

it_finds_an_ipv6_origin_for_an_ipv4_edge() {
    equal "$ORIGIN_V6" "$(call auto getaddrinfo "$SIX")"
    equal "$ORIGIN_V6" "$(call auto gethostbyname2 "$SIX" inet6)"
    quiet
}

# --- what stays libc's -----------------------------------------------------------------------------------------------

it_asks_nobody_outside_about_a_name_that_libc_leads_elsewhere() {
    equal "$LOCAL_WEB" "$(call auto getaddrinfo "$OTHER" inet)"
    equal "$LOCAL_WEB" "$(call auto gethostbyname "$OTHER")"
    equal EAI_NONAME "$(call auto getaddrinfo "$GONE" || :)"
    equal HOST_NOT_FOUND "$(call auto gethostbyname_r "$GONE" || :)"
    nobody_asked 8.8.8.8 1.1.1.1
    quiet
}

it_leaves_names_that_are_local_by_nature_to_libc() {
    echo "$EDGE_V4 printer.local" >>/etc/hosts
    equal "$EDGE_V4" "$(call auto getaddrinfo printer.local inet)"
    nobody_asked 8.8.8.8 1.1.1.1
}

it_leaves_a_name_to_libc_that_has_no_origin_outside() {
    local name
    printf '%s\n' "$EDGE_V4 $GONE" "$EDGE_V6 $GONE" >>/etc/hosts
    for name in "$SHOP" "$GONE" "$EMPTY"; do
        equal "$EDGE_V4 $EDGE_V6" "$(call auto getaddrinfo "$name" unspec 3 | sort | paste -sd' ')"
        equal "$EDGE_V4" "$(call auto gethostbyname "$name" inet 3)"
        equal "$EDGE_V6" "$(call auto gethostbyname2 "$name" inet6 3)"
        quiet
    done
}

it_says_at_debug_that_there_is_no_origin() {
    ORIGIN_BYPASS_LOG_LEVEL=debug call auto getaddrinfo "$SHOP" inet >"$TMPDIR/out"
    contains "debug external DNS has no other address than edges, using default DNS host=$SHOP edge=$EDGE_V4" "$(said host edge)"
}

it_asks_once_in_a_lifetime_about_a_name_that_has_no_origin() {
    equal "$EDGE_V4" "$(call auto getaddrinfo "$SHOP" inet 5)"
    equal '1 1 5' "$(queries 8.8.8.8 "$SHOP" A) $(queries 8.8.8.8 "$SHOP" AAAA) $(queries "$LOCAL_DNS" "$SHOP" A)"
    nobody_asked 1.1.1.1
}

it_does_not_ask_libc_about_a_name_whose_origin_is_known() {
    equal "$ORIGIN_V4" "$(call auto getaddrinfo "$CDN" inet 5)"
    equal '1 1' "$(queries 8.8.8.8 "$CDN" A) $(queries "$LOCAL_DNS" "$CDN" A)"
}

it_falls_back_with_a_warning_if_external_dns_is_dead() {
    stop 8.8.8.8
    stop 1.1.1.1
    equal "$EDGE_V4" "$(call auto getaddrinfo "$CDN" inet)"
    contains "warn failed to resolve origin IP via external DNS, using default DNS host=$CDN" "$(said host)"
    equal "$LOCAL_WEB" "$(call auto getaddrinfo "$OTHER" inet)"
    quiet
}

it_fails_if_external_dns_is_dead_and_the_edge_must_never_be_used() {
    with_settings "$patient hosts = ( \"auto\" ); fallback = \"never\";"
    stop 8.8.8.8
    stop 1.1.1.1
    equal EAI_AGAIN "$(preloaded "$caller" getaddrinfo "$CDN" inet || :)"
    equal "$LOCAL_WEB" "$(preloaded "$caller" getaddrinfo "$OTHER" inet)"
}

it_is_the_same_as_libc_where_no_edge_is() {
    local name
    for name in "$OTHER" intranet.example.com "$GONE" shortcut; do
        equal "$("$caller" getaddrinfo "$name" || :)" "$(call auto getaddrinfo "$name" || :)"
    done
    nobody_asked 8.8.8.8 1.1.1.1
}

# --- the rules -------------------------------------------------------------------------------------------------------

it_lets_the_most_specific_rule_win() {
    equal "$EDGE_V4" "$(call "auto !$CDN" getaddrinfo "$CDN" inet)"
    equal 203.0.113.99 "$(call "$OTHER auto" getaddrinfo "$OTHER" inet)"
    equal "$ORIGIN_V4" "$(call "$OTHER AUTO" getaddrinfo "$CDN" inet)"
}

it_takes_the_setting_of_one_host_or_of_all() {
    with_settings "$patient hosts = ( { name = \"*.example.com\"; when = \"edge\"; }, \"$OTHER\" );"
    equal "$ORIGIN_V4 203.0.113.99 $LOCAL_WEB" "$(look_up "$CDN") $(look_up "$OTHER") $(look_up intranet.example.com)"
    with_settings "$patient when = \"edge\"; hosts = ( \"*.example.com\", { name = \"$OTHER\"; when = \"always\"; } );"
    equal "$ORIGIN_V4 203.0.113.99 $LOCAL_WEB" "$(look_up "$CDN") $(look_up "$OTHER") $(look_up intranet.example.com)"
}

it_uses_the_settings_of_the_rule() {
    with_settings "$patient hosts = ( { name = \"$CDN\"; when = \"edge\"; addresses = [ \"203.0.113.70\" ]; },
        { name = \"$SHOP\"; when = \"edge\"; query = \"origin-shop.example.com\"; } );"
    equal "203.0.113.70 $ORIGIN_V4" "$(look_up "$CDN") $(look_up "$SHOP")"
}

it_takes_a_list_of_edges() {
    with_settings "$patient hosts = ( \"auto\" ); edges = [ \"$LOCAL_WEB/32\" ];"
    equal "203.0.113.99 $EDGE_V4" "$(look_up "$OTHER") $(look_up "$CDN")"
}

# --- the lab ---------------------------------------------------------------------------------------------------------

look_up() { preloaded "$caller" getaddrinfo "$1" inet; }
prepare() { with_settings "$patient"; }

check_all "$@"
