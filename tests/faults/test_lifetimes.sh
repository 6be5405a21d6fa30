#!/usr/bin/env bash
# How long an answer is used, which callers wait for a fresh one, and what a refresh can change.
# shellcheck source-path=SCRIPTDIR source=faults.sh
source "$(dirname "${BASH_SOURCE[0]}")/faults.sh"

query=$patient
upstreams=$FIRST

# cache SETTINGS: prints a configuration with them.
cache() { echo "$query cache = { $1 };"; }

# --- what replaces a good answer --------------------------------------------------------------------------------------

it_keeps_addresses_where_a_refresh_brings_nothing_of_use() {
    local behaviour
    for behaviour in dangling refusal server_failure format_error half_an_answer; do
        refresh_an_address_with "$behaviour" ''
        until_true has_asked $FIRST
        hears $OLD together 4 cdn.example.com
        forget_all
    done
}

# A name that A denies is also asked for with AAAA.
it_believes_a_negative_answer_with_soa_at_once() {
    local behaviour
    local -A questions=([no_record]=1 [no_name]=2)
    for behaviour in "${!questions[@]}"; do
        refresh_an_address_with "$behaviour" "$never"
        until_true hears_nothing cdn.example.com
        equal "${questions[$behaviour]}" "$(asked $FIRST)"
        forget_all
    done
}

# Without an SOA record, "no such name" has no lifetime: each caller that hears it has asked, too.
it_believes_a_negative_answer_without_soa_when_it_comes_again() {
    local behaviour
    local -A least=([no_record_without_soa]=2 [no_name_without_soa]=6)
    for behaviour in "${!least[@]}"; do
        refresh_an_address_with "$behaviour" "$never"
        until_true has_asked $FIRST
        until_true hears_nothing cdn.example.com
        at_least "${least[$behaviour]}" "$(asked $FIRST)"
        forget_all
    done
}

it_forgets_a_doubt_when_the_address_comes_again() {
    refresh_an_address_with no_record_without_soa "$never"
    until_true has_asked $FIRST
    behave $FIRST "well,ttl_s=1,address=$NEW"
    until_true hears $NEW cdn.example.com
    behave $FIRST no_record_without_soa
    forget_questions $FIRST
    pass_a_lifetime
    hears $NEW cdn.example.com
    until_true has_asked $FIRST
    hears $NEW together 4 cdn.example.com
}

never='fallback = "never";'

# refresh_an_address_with BEHAVIOUR SETTINGS: the address is known, and its lifetime is over.
refresh_an_address_with() {
    serve $FIRST well,ttl_s=1
    begin "$(cache '') $2"
    hears $OLD cdn.example.com
    behave $FIRST "$1"
    forget_questions $FIRST
    pass_a_lifetime
    hears $OLD cdn.example.com
}

forget_all() {
    end
    leave $FIRST
}

has_asked() { at_least 1 "$(asked "$1")"; }
hears_nothing() { look_up "$1" && [[ $heard == EAI_* ]]; }

# --- failures --------------------------------------------------------------------------------------------------------

it_asks_once_for_a_name_that_fails_everywhere() {
    serve $FIRST server_failure
    serve $SECOND refusal
    upstreams="$FIRST $SECOND" begin "$(cache '')"
    hears "$EDGE_V4" one 100 cdn.example.com
    equal '1 1' "$(asked $FIRST) $(asked $SECOND)"
}

it_asks_once_for_the_type_that_fails_beside_the_other() {
    family=unspec
    serve $FIRST well_for_ipv4_alone
    begin "$(cache '')"
    hears $OLD one 100 cdn.example.com
    equal '1 28' "$(cut -d' ' -f4 "$TMPDIR/asked-$FIRST" | sort -n | paste -sd' ')"
}

it_renews_the_type_that_is_well_while_the_other_ones_refresh_fails() {
    family=unspec
    serve $FIRST both,ttl_s=1
    begin "$(cache '')"
    hears 2001:db8::7 cdn.example.com
    behave $FIRST well_for_ipv4_alone,ttl_s=1
    forget_questions $FIRST
    until_true hears_and_has_asked_for 1 4
    equal 1 "$(asked_for 28)"
}

asked_for() { awk -v type="$1" '$4 == type' "$TMPDIR/asked-$FIRST" | wc -l; }
hears_and_has_asked_for() { hears 2001:db8::7 cdn.example.com && at_least "$2" "$(asked_for "$1")"; }

it_waits_longer_after_each_failure_and_forgets_them_with_a_success() {
    local first second third
    serve $FIRST server_failure
    begin "$(cache '')"
    until_true hears_and_has_asked 3
    { read -r _ _ _ _ _ _ first && read -r _ _ _ _ _ _ second && read -r _ _ _ _ _ _ third; } <"$TMPDIR/asked-$FIRST"
    at_least 1000 $((second - first))
    at_least 2000 $((third - second))
    behave $FIRST well
    until_true hears $OLD cdn.example.com
}

hears_and_has_asked() { look_up cdn.example.com && at_least "$1" "$(asked $FIRST)"; }

# --- within the window -----------------------------------------------------------------------------------------------

it_serves_the_old_answer_at_once_and_the_fresh_one_next() {
    serve $FIRST well,ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,address=$NEW,after_ms=1000
    pass_a_lifetime
    hears $OLD one 20 cdn.example.com
    less_than 1000 "$slowest_ms"
    until_true hears $NEW cdn.example.com
    equal 2 "$(asked $FIRST)"
}

it_refreshes_once_for_16_threads() {
    serve $FIRST well,ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,address=$NEW,after_ms=300
    pass_a_lifetime
    hears $OLD together 16 cdn.example.com
    less_than 300 "$slowest_ms"
    until_true hears $NEW cdn.example.com
    hears $NEW together 16 cdn.example.com
    equal 2 "$(asked $FIRST)"
}

it_refreshes_each_type_once() {
    family=unspec
    serve $FIRST well,ttl_s=1,soa_ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,soa_ttl_s=100,address=$NEW,after_ms=200
    pass_a_lifetime
    hears $OLD together 16 cdn.example.com
    until_true hears $NEW cdn.example.com
    equal '1 28' "$(cut -d' ' -f4 "$TMPDIR/asked-$FIRST" | tail -n +3 | sort -n | paste -sd' ')"
}

it_refreshes_in_a_child_what_its_parent_knew() {
    serve $FIRST well,ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,address=$NEW,after_ms=50
    pass_a_lifetime
    hears "$OLD,$NEW" child 50 cdn.example.com
    equal 2 "$(asked $FIRST)"
}

it_leaves_no_thread_behind() {
    not_under thread 'it starts a thread of its own'
    serve $FIRST well,ttl_s=1
    begin 'query = { timeout_ms = 3000; hedge_ms = 400; deadline_ms = 800; };'
    hears $OLD cdn.example.com
    local own
    own=$(threads)
    behave $FIRST silence
    pass_a_lifetime
    hears $OLD cdn.example.com
    equal $((own + 1)) "$(threads)"
    until_true has_threads "$own" # it gives up at its deadline
    behave $FIRST well,ttl_s=1
    forget_questions $FIRST
    until_true hears_and_asked # the first query may be a probe
    until_true has_threads "$own"
}

hears_and_asked() { hears $OLD cdn.example.com && at_least 2 "$(asked $FIRST)"; }
has_threads() { [[ $(threads) == "$1" ]]; }

it_serves_the_old_answer_where_no_thread_can_be_started() {
    LAB_LIBRARY="$(compiled no_threads -shared -fPIC) $LAB_LIBRARY"
    serve $FIRST well,ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST well,address=$NEW,after_ms=1000
    pass_a_lifetime
    hears $OLD one 20 cdn.example.com
    less_than 1000 "$slowest_ms"
}

# --- past the window -------------------------------------------------------------------------------------------------

it_waits_for_a_fresh_answer_past_the_window() {
    serve $FIRST well,ttl_s=1
    begin "$(cache 'stale_window_s = 0; stale_wait_ms = 2000;')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,address=$NEW,after_ms=200
    pass_a_lifetime
    hears $NEW together 16 cdn.example.com
    equal 2 "$(asked $FIRST)"
}

it_waits_no_longer_than_stale_wait_ms_and_the_next_one_gets_what_came() {
    serve $FIRST well,ttl_s=1
    begin "$(cache 'stale_window_s = 0; stale_wait_ms = 400;')"
    hears $OLD cdn.example.com
    behave $FIRST well,ttl_s=100,address=$NEW,after_ms=1600
    pass_a_lifetime
    hears $OLD cdn.example.com
    at_least 400 "$slowest_ms"
    less_than 1600 "$slowest_ms"
    until_true hears $NEW cdn.example.com
    local before
    before=$(asked $FIRST)
    hears $NEW one 10 cdn.example.com
    equal "$before" "$(asked $FIRST)"
}

it_waits_where_no_thread_can_be_started_no_longer_either() {
    LAB_LIBRARY="$(compiled no_threads -shared -fPIC) $LAB_LIBRARY"
    serve $FIRST well,ttl_s=1
    begin "$(cache 'stale_window_s = 0; stale_wait_ms = 600;')"
    hears $OLD cdn.example.com
    behave $FIRST silence
    pass_a_lifetime
    hears $OLD cdn.example.com
    at_least 600 "$slowest_ms"
    less_than 2000 "$slowest_ms"
}

# --- every upstream gone ---------------------------------------------------------------------------------------------

it_serves_the_old_answer_as_quick_as_a_hit_when_every_upstream_is_gone() {
    serve $FIRST well,ttl_s=1
    serve $SECOND well,ttl_s=1
    local hits_us stale_us attempt
    upstreams="$FIRST $SECOND" begin "$(cache 'stale_window_s = 0;')"
    hears $OLD cdn.example.com
    look_up one 2000 cdn.example.com
    hits_us=$all_us
    leave $FIRST
    leave $SECOND
    pass_a_lifetime
    until_true look_up_until_both_are_down
    for attempt in {1..10}; do # each attempt takes a few milliseconds, in which a busy machine can run others
        hears $OLD one 2000 cdn.example.com
        stale_us=$all_us
        echo "2000 hits: $hits_us us; 2000 old answers: $stale_us us (attempt $attempt)"
        ((stale_us >= 10 * hits_us)) || break
    done
    less_than $((10 * hits_us)) "$stale_us"
    hears $OLD together 16 cdn.example.com
    hears $OLD child 20 cdn.example.com
    less_than 500 "$slowest_ms"
    nobody_asked "$LOCAL_DNS"
    lacks 'failed to resolve' "$(said)"
    serve $SECOND well,address=$NEW
    until_true hears $NEW cdn.example.com # five seconds: the delays between probes are still short
}

look_up_until_both_are_down() {
    look_up cdn.example.com >/dev/null
    equal '1 1' "$(how_often 'warn upstream is down' $FIRST) $(how_often 'warn upstream is down' $SECOND)" >/dev/null
}

it_waits_for_upstreams_that_turn_silent_until_they_are_known_to_be() {
    serve $FIRST well,ttl_s=1
    query='query = { timeout_ms = 500; hedge_ms = 300; deadline_ms = 1000; };'
    begin "$(cache 'stale_window_s = 0; stale_wait_ms = 300;')"
    hears $OLD cdn.example.com
    behave $FIRST silence
    pass_a_lifetime
    hears $OLD cdn.example.com
    at_least 300 "$slowest_ms"
    less_than 900 "$slowest_ms"
    sleep 1 # the refresh is over
    hears $OLD one 20 cdn.example.com
    less_than 300 "$slowest_ms"
}

# --- what a refresh finds --------------------------------------------------------------------------------------------

it_forgets_an_address_when_the_name_is_gone() {
    refreshed_with no_name
    until_true hears "$EDGE_V4" cdn.example.com
}

it_forgets_an_address_when_the_record_is_gone() {
    refreshed_with no_record
    until_true hears EAI_NODATA cdn.example.com
}

it_keeps_an_address_when_a_refresh_fails() {
    refreshed_with server_failure
    until_true was_asked_twice
    hears $OLD one 20 cdn.example.com
    less_than 500 "$slowest_ms"
    at_least 2 "$(asked $FIRST)"
    less_than 4 "$(asked $FIRST)" # not asked at each lookup
}

was_asked_twice() { at_least 2 "$(asked $FIRST)"; }

refreshed_with() {
    serve $FIRST well,ttl_s=1
    begin "$(cache '')"
    hears $OLD cdn.example.com
    behave $FIRST "$1"
    pass_a_lifetime
    hears $OLD cdn.example.com
}

# --- the modes -------------------------------------------------------------------------------------------------------

it_asks_for_a_pinned_name_but_once() {
    serve $FIRST well,ttl_s=1
    begin "$(cache 'mode = "pinned"; stale_window_s = 0;')"
    hears $OLD cdn.example.com
    behave $FIRST well,address=$NEW
    pass_a_lifetime
    hears $OLD one 10 cdn.example.com
    sleep 0.5
    hears $OLD together 16 cdn.example.com
    equal 1 "$(asked $FIRST)"
}

it_asks_for_a_pinned_name_but_once_for_both_families() {
    family=unspec
    serve $FIRST well,ttl_s=1,soa_ttl_s=1
    begin "$(cache 'mode = "pinned"; stale_window_s = 0;')"
    hears $OLD cdn.example.com
    behave $FIRST well,address=$NEW
    pass_a_lifetime
    hears $OLD one 10 cdn.example.com
    equal 2 "$(asked $FIRST)"
}

it_waits_for_a_fresh_answer_in_ttl_mode() {
    serve $FIRST well,ttl_s=1
    begin "$(cache 'mode = "ttl"; stale_wait_ms = 0;')"
    hears $OLD cdn.example.com
    behave $FIRST well,address=$NEW,after_ms=700
    pass_a_lifetime
    hears $NEW together 16 cdn.example.com
    at_least 700 "$slowest_ms"
}

it_serves_the_old_one_in_ttl_mode_where_no_fresh_one_comes_and_does_not_ask_again() {
    serve $FIRST well,ttl_s=1
    begin "$(cache 'mode = "ttl";')"
    hears $OLD cdn.example.com
    behave $FIRST server_failure
    pass_a_lifetime
    hears $OLD one 20 cdn.example.com
    local before
    before=$(asked $FIRST)
    less_than 4 "$before"
    sleep 3
    hears $OLD one 20 cdn.example.com
    equal "$before" "$(asked $FIRST)"
    lacks 'failed to resolve' "$(said)"
}

it_serves_the_old_one_in_ttl_mode_where_every_upstream_is_silent() {
    serve $FIRST well,ttl_s=1
    query='query = { timeout_ms = 500; hedge_ms = 300; deadline_ms = 1000; };'
    begin "$(cache 'mode = "ttl";')"
    hears $OLD cdn.example.com
    behave $FIRST silence
    pass_a_lifetime
    hears $OLD cdn.example.com
    less_than 1500 "$slowest_ms"
    hears $OLD one 20 cdn.example.com
    less_than 300 "$slowest_ms" # nobody waits for the server that was silent
}

# --- times to live ---------------------------------------------------------------------------------------------------

it_keeps_an_answer_for_min_ttl_s_at_least() {
    serve $FIRST well,ttl_s=0
    begin "$(cache 'min_ttl_s = 60;')"
    pass_two_lifetimes $OLD 1
    equal 1 "$(asked $FIRST)"
}

it_keeps_an_answer_for_max_ttl_s_at_most() {
    serve $FIRST well,ttl_s=100000
    begin "$(cache 'mode = "ttl"; max_ttl_s = 2;')"
    pass_two_lifetimes $OLD 1
    equal 2 "$(asked $FIRST)"
}

it_keeps_a_negative_answer_for_the_time_of_the_soa_record() {
    serve $FIRST no_name,soa_ttl_s=2
    begin "$(cache 'negative_ttl_s = 600;')"
    pass_two_lifetimes "$EDGE_V4" 2
    equal 4 "$(asked $FIRST)"
}

it_keeps_a_negative_answer_for_negative_ttl_s_at_most() {
    serve $FIRST no_name,soa_ttl_s=3600
    begin "$(cache 'negative_ttl_s = 2;')"
    pass_two_lifetimes "$EDGE_V4" 2
    equal 4 "$(asked $FIRST)"
}

it_keeps_a_negative_answer_in_between() {
    serve $FIRST no_record,soa_ttl_s=3600
    begin "$(cache '')"
    pass_two_lifetimes EAI_NODATA 1
    equal 1 "$(asked $FIRST)"
}

# pass_two_lifetimes ADDRESS QUESTIONS: a name that A denies is also asked for with AAAA. The lifetimes are two seconds, so
# that even a busy machine makes ten lookups in the first one.
pass_two_lifetimes() {
    hears "$1" one 10 cdn.example.com
    equal "$2" "$(asked $FIRST)"
    sleep 2.1
    hears "$1" one 10 cdn.example.com
}

# A lifetime of one second, and some time for the kernel's tick.
pass_a_lifetime() { sleep 1.1; }

# --- limits ----------------------------------------------------------------------------------------------------------

it_stays_within_its_memory_over_20000_names() {
    not_under address 'it does not reuse freed memory at once'
    local few_kb many_kb
    serve $FIRST well,ttl_s=3600
    begin "$(cache 'max_entries = 1000;')"
    hears $OLD one 2000 '#.many.example.com'
    few_kb=$(resident_kb)
    hears $OLD one 18000 '#.many.example.com'
    many_kb=$(resident_kb)
    echo "resident after 2000 names: $few_kb kB, after 20000: $many_kb kB"
    less_than $((few_kb + few_kb / 10)) "$many_kb"
}

it_keeps_what_is_used_when_there_is_no_room_for_all() {
    serve $FIRST well
    begin "$(cache 'max_entries = 100;')"
    hears $OLD used.example.com
    for _ in 1 2 3; do
        look_up one 60 '#.example.com'
        sleep 1
        look_up used.example.com
    done
    equal 1 "$(asked $FIRST used.example.com)"
    hears $OLD 5.example.com
    equal 2 "$(asked $FIRST 5.example.com)"
}

check_all "$@"
