#!/usr/bin/env bash
# originbypass watch: runs a command when the set of addresses has changed, and at no other time.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

# The upstream behaves as $script says, and the command writes to $ran that it was run.
script=$TMPDIR/script ran=$TMPDIR/ran events=$TMPDIR/events
ANSWER=well,ttl_s=1
OTHER=well,ttl_s=1,address=203.0.113.8

it_runs_the_command_when_an_address_has_changed() {
    watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    contains "$CDN: found addresses 203.0.113.7" "$(<"$events")"
    answer "$OTHER"
    until_true was_run 1
    contains "$CDN: changed added 203.0.113.8 removed 203.0.113.7" "$(<"$events")"
    until_true said_to_be 'sh: run, exit status 0'
}

it_does_not_run_it_while_nothing_changes() {
    watch "$CDN" -- sh -c "date >>$ran"
    looked_up_again
    equal 0 "$(runs)"
    lacks changed "$(<"$events")"
}

it_takes_another_order_for_no_change() {
    # There is no route to either address, so libc has no preference and keeps the order of DNS.
    answer well,ttl_s=1,addresses=2,address=198.18.0.1
    watch "$CDN" -- sh -c "date >>$ran"
    looked_up_again
    contains "198.18.0.1  $CDN" "$("$originbypass" resolve "$CDN" | head -n 1)"
    answer well_backwards,ttl_s=1,addresses=2,address=198.18.0.1
    contains "198.18.0.2  $CDN" "$("$originbypass" resolve "$CDN" | head -n 1)"
    looked_up_again
    equal 0 "$(runs)"
    lacks changed "$(<"$events")"
}

# Each state of the file lasts until it has been seen, so it does not matter when watch looks.
it_keeps_up_with_its_file_as_programs_do() {
    export ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/watched.conf
    unset ORIGIN_BYPASS_HOSTS
    pinned_to 203.0.113.9
    "$originbypass" watch --min 1 --max 1 --hold-down 0 "$CDN" -- sh -c "date >>$ran" >"$events" 2>"$messages" &
    end_with_the_test $!
    until_true said_to_be found
    pinned_to 203.0.113.8
    until_true was_run 1
    pinned_to 203.0.113.7
    until_true was_run 2
    echo 'hosts = ( "a b" );' >"$ORIGIN_BYPASS_CONFIG_FILE"
    until_true grep -q 'the changed configuration is refused, and the former one stays in force' "$messages"
    pinned_to 203.0.113.6
    until_true was_run 3
    equal "$CDN: changed added 203.0.113.8 removed 203.0.113.9
$CDN: changed added 203.0.113.7 removed 203.0.113.8
$CDN: changed added 203.0.113.6 removed 203.0.113.7" "$(grep changed "$events" | sed 's/^[^ ]* //')"
}

pinned_to() {
    echo "hosts = ( { name = \"$CDN\"; addresses = [ \"$1\" ]; } );" >"$TMPDIR/watched.new"
    mv "$TMPDIR/watched.new" "$ORIGIN_BYPASS_CONFIG_FILE"
}

it_says_whose_addresses_it_watches_where_libc_is_asked_first() {
    "$originbypass" watch -H auto "$CDN" -- true >"$events" 2>"$messages" &
    end_with_the_test $!
    until_true said_to_be found
    contains "note: $CDN has when = \"edge\": libc is asked first. As long as it leads to an edge, the addresses of external DNS are watched, and otherwise libc's" "$(<"$messages")"
    contains "$CDN: found addresses $ORIGIN_V4" "$(<"$events")"
}

it_takes_a_failure_for_no_change_and_says_so() {
    watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    local failure
    for failure in server_failure no_name no_record; do
        : >"$events"
        answer "$failure"
        until_true said_to_be 'no change, '
    done
    answer "$ANSWER"
    looked_up_again
    equal 0 "$(runs)"
    lacks changed "$(<"$events")"
}

it_takes_one_family_that_fails_for_no_change() {
    answer both,ttl_s=1
    watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    contains '203.0.113.7, 2001:db8::7' "$(<"$events")"
    answer well_for_ipv4_alone,ttl_s=1
    until_true said_to_be 'no change, one record type has failed'
    equal 0 "$(runs)"
}

it_takes_the_first_addresses_after_a_failure_for_a_change() {
    answer server_failure
    watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be 'no change, external DNS has no usable answer'
    equal 0 "$(runs)"
    answer "$ANSWER"
    until_true was_run 1
}

it_says_that_external_dns_answers_again_if_nothing_has_changed() {
    watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    answer server_failure
    until_true said_to_be 'no change, external DNS has no usable answer'
    answer "$ANSWER"
    until_true said_to_be 'answered again addresses 203.0.113'
    equal 0 "$(runs)"
}

it_holds_the_command_down_and_runs_it_for_what_has_changed_meanwhile() {
    hold_down=4 watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    answer "$OTHER"
    until_true was_run 1
    local begin=$EPOCHREALTIME took_ms
    answer "$ANSWER"
    until_true said_to_be 'added 203.0.113.7 removed 203.0.113.8'
    equal 1 "$(runs)"
    until_true was_run 2
    took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    echo "took $took_ms ms with a hold-down time of 4000 ms"
    ((took_ms > 3000))
}

it_holds_it_down_without_being_told_for_as_long_as_the_old_answer_may_be_in_a_cache() {
    hold_down='' watch "$CDN" -- sh -c "date >>$ran" # 31 s: the TTL and cache.stale_window_s
    until_true said_to_be found
    answer "$OTHER"
    until_true said_to_be changed
    looked_up_again
    equal 0 "$(runs)"
}

it_does_not_run_it_for_what_has_changed_back_meanwhile() {
    hold_down=4 watch "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    answer "$OTHER"
    until_true was_run 1
    answer "$ANSWER"
    until_true said_to_be 'added 203.0.113.7 removed 203.0.113.8'
    answer "$OTHER"
    sleep 4.5 # the hold-down time, and some more
    equal 1 "$(runs)"
}

it_runs_it_at_the_start_where_that_is_asked_for() {
    watch --at-start "$CDN" -- sh -c "date >>$ran"
    until_true was_run 1
}

it_looks_again_when_the_ttl_is_over_and_within_its_bounds() {
    answer well,ttl_s=3600
    watch --max 1 "$CDN" -- sh -c "date >>$ran"
    looked_up_again
    stop_watching
    watch --max 300 "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be found
    : >"$TMPDIR/asked"
    sleep 1.5 # longer than the minimum interval
    equal '' "$(<"$TMPDIR/asked")"
}

it_watches_several_hosts() {
    answer "$ANSWER"
    watch "$CDN" www.example.com -- sh -c "date >>$ran"
    until_true said_to_be "www.example.com: found"
    answer "$OTHER"
    until_true said_to_be "$CDN: changed"
    until_true said_to_be 'www.example.com: changed'
}

it_does_not_begin_with_a_command_that_cannot_be_run() {
    printf '#!/no/such/shell\n' >"$TMPDIR/script.sh"
    chmod 755 "$TMPDIR/script.sh"
    local command
    for command in no-such-command "$TMPDIR/script.sh" /etc/hosts; do
        status=0
        ORIGIN_BYPASS_HOSTS=$CDN timeout 20 "$originbypass" watch "$CDN" -- "$command" >"$events" 2>"$messages" || status=$?
        equal 2 "$status"
        equal '' "$(<"$events")"
        cat "$messages" >>"$TMPDIR/complaints"
    done
    contains 'no-such-command: No such file or directory' "$(<"$TMPDIR/complaints")"
    contains "$TMPDIR/script.sh: /no/such/shell: No such file or directory" "$(<"$TMPDIR/complaints")"
    contains '/etc/hosts: Permission denied' "$(<"$TMPDIR/complaints")"
}

it_goes_on_whatever_the_command_exits_with() {
    watch "$CDN" -- sh -c "date >>$ran; exit 3"
    until_true said_to_be found
    answer "$OTHER"
    until_true said_to_be 'sh: run, exit status 3'
    answer "$ANSWER"
    until_true was_run 2
    stop_watching
    # shellcheck disable=SC2016 # expanded in there
    printf '#!/bin/sh\nrm "$0"\n' >"$TMPDIR/none"
    chmod 755 "$TMPDIR/none"
    watch --at-start "$CDN" -- "$TMPDIR/none"
    until_true said_to_be "none: run, exit status 0"
    answer "$OTHER"
    until_true said_to_be "none: run, exit status 127"
    contains "$TMPDIR/none: No such file or directory" "$(<"$messages")"
    stop_watching
    watch --at-start "$CDN" -- sh -c 'kill -KILL $$'
    until_true said_to_be 'sh: run, ended by signal 9'
}

it_ends_cleanly_with_a_signal() {
    local signal
    for signal in TERM INT HUP; do
        watch "$CDN" -- sh -c "date >>$ran"
        until_true said_to_be found
        kill -"$signal" "$watch"
        wait "$watch" # its status becomes the test's
    done
}

it_ends_the_command_too_and_waits_for_it() {
    watch --at-start "$CDN" -- sh -c "trap 'echo told >>$ran; exit' TERM; echo begun >>$ran; while :; do sleep 0.1; done"
    until_true grep -q begun "$ran"
    kill -TERM "$watch"
    wait "$watch"
    equal told "$(tail -n 1 "$ran")"
}

it_ends_also_while_nobody_answers() {
    answer silence
    watch "$CDN" -- sh -c "date >>$ran"
    until_true grep -q "$CDN" "$TMPDIR/asked"
    local begin=$EPOCHREALTIME took_ms
    kill -TERM "$watch"
    wait "$watch"
    took_ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
    echo "took $took_ms ms, and a lookup takes 4000 ms"
    ((took_ms < 3000))
}

it_leaves_an_ignored_signal_ignored() {
    trap '' HUP
    watch "$CDN" -- true
    until_true said_to_be found
    kill -HUP "$watch"
    sleep 0.3
    kill -0 "$watch"
}

it_reloads_nginx() {
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"127.0.0.1:5301\" ]; cache = { mode = \"ttl\"; };"
    answer "$ANSWER"
    start_proxy LD_PRELOAD="$LAB_LIBRARY"
    contains '"server":"origin"' "$(curl -sS --max-time 20 -H "Host: $CDN" http://127.0.0.1:8080/)"
    hold_down=3 watch "$CDN" -- nginx -p "$LAB/nginx" -c "$WORLD/proxy.conf" -s reload
    until_true said_to_be found
    answer well,ttl_s=1,address="$LOCAL_WEB"
    until_true said_to_be 'nginx: run, exit status 0'
    until_true leads_to_the_other_server
    stop_proxy
}

leads_to_the_other_server() {
    [[ $(curl -sS --max-time 20 -o "$TMPDIR/page" -w '%header{Connected-To}' http://127.0.0.1:8080/) == "$LOCAL_WEB"* ]]
}

it_tells_in_json_lines() {
    watch --json "$CDN" -- sh -c "date >>$ran"
    until_true said_to_be '"found"'
    answer "$OTHER"
    until_true said_to_be '"run"'
    equal "found ['203.0.113.7'] None None
changed None ['203.0.113.8'] ['203.0.113.7']
run None None None" "$("$python" - "$events" <<'END'
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    print(event["event"], event.get("addresses"), event.get("added"), event.get("removed"))
END
)"
}

it_exits_with_2_for_a_wrong_command_line() {
    local arguments
    for arguments in '' "$CDN" "$CDN --" '-- true' "--min x $CDN -- true" "--wrong $CDN -- true"; do
        # shellcheck disable=SC2086 # several arguments
        equal 2 "$("$originbypass" watch $arguments >"$events" 2>"$messages" || echo $?)"
    done
    contains "--wrong is not an option" "$(<"$messages")"
}

it_does_not_begin_with_a_configuration_that_is_refused() {
    configure 'upstream = 1;'
    equal 1 "$("$originbypass" watch "$CDN" -- true 2>"$messages" || echo $?)"
    contains 'configuration is refused' "$(<"$messages")"
}

# --- -----------------------------------------------------------------------------------------------------------------

# [hold_down=S] watch ARGUMENT...: in the background until the test ends, with one upstream that follows the script.
hold_down=0
watch() {
    [[ -e /etc/originbypass ]] || configure "hosts = ( \"*.example.com\" ); upstreams = [ \"127.0.0.1:5301\" ];
        query = { timeout_ms = 4000; deadline_ms = 4000; };"
    [[ -n ${is_scripted-} ]] || answer "$ANSWER"
    : >"$ran"
    : >"$events"
    env --default-signal=INT "$originbypass" watch --min 1 ${hold_down:+--hold-down "$hold_down"} "$@" >"$events" 2>"$messages" &
    watch=$!
    end_with_the_test "$watch"
}

stop_watching() {
    kill "$watch"
    wait "$watch" || :
}

# The upstream starts with a test's first answer.
answer() {
    echo "$1" >"$script.new" && mv "$script.new" "$script"
    [[ -n ${is_scripted-} ]] || scripted_at 127.0.0.1 5301 "@$script"
    is_scripted=yes
}

said_to_be() { grep -qF -- "$1" "$events"; }

runs() { wc -l <"$ran"; }

was_run() { (($(runs) == $1)); }

# Two lookups from now on, so that the result of the first has been examined.
looked_up_again() {
    : >"$TMPDIR/asked"
    until_true was_asked_twice
}

was_asked_twice() { (($(grep -c "$CDN 1 " "$TMPDIR/asked") >= 2)); }

configure() {
    mkdir -p /etc/originbypass
    printf '%s\n' "$1" >/etc/originbypass/originbypass.conf
}

check_all "$@"
