#!/usr/bin/env bash
# One grammar of options for every subcommand, and one form of help. The subcommands are those that --help lists.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

mapfile -t commands < <("$originbypass" --help | sed -n 's/^    \([a-z]\{1,\}\) .*/\1/p')

# --- the help -------------------------------------------------------------------------------------------------------

it_says_what_to_give_in_place_of_a_url_a_rule_or_a_host_with_a_port() {
    local subcommand
    for subcommand in resolve watch doctor; do
        complains_of "cdn.example.com:443 is a host with a port: give only the host, cdn.example.com" "$subcommand" cdn.example.com:443
        complains_of '*.example.com is a rule for many names: give the name of a host' "$subcommand" '*.example.com'
        [[ $subcommand == doctor ]] ||
            complains_of 'https://cdn.example.com/x is a URL: give only the host, cdn.example.com' "$subcommand" https://cdn.example.com/x
    done
}

# complains_of TEXT SUBCOMMAND OPERAND
it_says_what_is_wrong_with_a_url() {
    ! "$originbypass" doctor "https://b$(printf '\303\274')cher.example.com/" 2>"$messages" || return 1
    contains 'the name is not ASCII: give its xn-- form' "$(<"$messages")"
    local port
    for port in 0 65536 99999 http; do
        ! "$originbypass" doctor "https://$CDN:$port/" 2>"$messages" || return 1
        contains "https://$CDN:$port/ is neither a host name nor a http or https URL with a port from 1 to 65535" "$(<"$messages")"
    done
}

complains_of() {
    local taken=0
    ORIGIN_BYPASS_HOSTS=$CDN timeout 20 "$originbypass" "${@:2}" -- true >"$TMPDIR/out" 2>"$messages" || taken=$?
    equal 2 "$taken"
    contains "originbypass $2: $1" "$(<"$messages")"
}

it_has_a_help_of_at_most_80_columns_with_an_example_and_the_exit_status() {
    equal '' "$("$originbypass" --help | grep -E '^.{81}' || :)"
    contains $'\nExample:\n  originbypass ' "$("$originbypass" --help)"
    local command help
    for command in "${commands[@]}"; do
        echo "$command:"
        help=$("$originbypass" "$command" --help)
        equal '' "$(grep -E '^.{81}' <<<"$help" || :)"
        contains $'\nOptions:\n' "$help"
        contains "originbypass $command" "$(sed -n '/^Example:/{n;p}' <<<"$help")"
        contains $'\nExit status:\n' "$help"
        [[ $command == run ]] || contains '  2    usage error: the command line is wrong' "$help"
        equal '' "$(sed -n '/^Exit status:/,$p' <<<"$help" | grep -E '^  [01] ' | grep -vE '^  (0    success|1    failure: )' || :)"
        equal "$help" "$("$originbypass" help "$command")"
        equal "$help" "$("$originbypass" "$command" -h)"
        [[ $command == run ]] || equal "$help" "$("$originbypass" "$command" x --help)"
    done
    equal 2 "$(exit_status help reslve)"
    contains 'did you mean resolve?' "$(<"$messages")"
}

it_gives_an_option_the_same_meaning_in_every_command() {
    local option meanings
    for option in '-H HOSTS, --host HOSTS' '-u UPSTREAMS, --upstream UPSTREAMS' '-c FILE, --config FILE'; do
        meanings=$(for command in "${commands[@]}"; do
            "$originbypass" "$command" --help | sed -n "/^  $option\$/{n;p}"
        done | sort -u)
        equal 1 "$(wc -l <<<"$meanings")"
    done
    for option in H:host u:upstream c:config j:json q:quiet v:verbose; do # neither has another form anywhere
        for command in "${commands[@]}"; do
            equal '' "$(options_of "$command" | grep -E "^  -${option%:*}[ ,]" | grep -v -- "--${option#*:}" || :)"
            equal '' "$(options_of "$command" | grep -E "^  .*--${option#*:}( |\$)" | grep -v -- "^  -${option%:*}[ ,]" || :)"
        done
    done
}

options_of() { "$originbypass" "$1" --help | sed -n '/^Options:/,/^$/p'; }

# --- mistakes -------------------------------------------------------------------------------------------------------

it_names_an_unknown_option_as_it_was_typed_and_the_one_that_was_meant() {
    local command status
    for command in "${commands[@]}"; do
        status=2
        [[ $command != run ]] || status=125
        equal "$status" "$(exit_status "$command" -Z)"
        is_complaint "originbypass $command: -Z is not an option of this command"
        equal "$status" "$(exit_status "$command" --hlp)"
        is_complaint "originbypass $command: --hlp is not an option of this command: did you mean --help?"
        equal "$status" "$(exit_status "$command" --zzzzzzzz=1)"
        is_complaint "originbypass $command: --zzzzzzzz is not an option of this command"
    done
}

it_names_an_option_without_its_value_or_with_one_too_many() {
    equal 2 "$(exit_status resolve a.b -u)"
    is_complaint 'originbypass resolve: -u needs a value: -u UPSTREAMS'
    equal 2 "$(exit_status resolve a.b --upstream)"
    is_complaint 'originbypass resolve: --upstream needs a value: --upstream UPSTREAMS'
    equal 2 "$(exit_status check --json=1)"
    is_complaint 'originbypass check: --json takes no value'
    equal 2 "$(exit_status watch --min x a.b -- true)"
    contains '--min' "$(head -n 1 "$messages")"
}

it_names_the_option_whose_value_is_wrong_as_it_was_typed() {
    equal 1 "$(exit_status resolve a.b -u nowhere)"
    contains '-u: "nowhere" is not an IP address' "$(<"$messages")"
    equal 1 "$(exit_status resolve a.b --upstream nowhere)"
    contains '--upstream: "nowhere" is not an IP address' "$(<"$messages")"
    equal 125 "$(exit_status run --host 'a..b' true)"
    contains '--host: "a..b" has an empty label' "$(<"$messages")"
}

it_gives_a_reason_before_every_usage() {
    local line
    for line in resolve export 'export --format' 'export --format zone' 'watch a.b' 'watch -- true' 'watch a.b --' system \
        'system enable x' 'system disable -f' 'system status -f' 'stats 0' 'stats 1 2' 'check a b' 'doctor --' 'doctor -p x' \
        'env x' run 'doctor a..b' 'watch --min 9 --max 3 a.b -- true'; do
        # shellcheck disable=SC2086 # words
        "$originbypass" $line >"$TMPDIR/said" 2>"$messages" || :
        echo "$line:"
        contains "originbypass ${line%% *}: " "$(head -n 1 "$messages")"
        contains 'Usage: ' "$(sed -n 2p "$messages")"
        equal '' "$(<"$TMPDIR/said")"
    done
}

# --- order ----------------------------------------------------------------------------------------------------------

it_takes_options_after_operands() {
    configure_host
    equal "$("$originbypass" resolve -4 --json "$CDN")" "$("$originbypass" resolve "$CDN" --json -4)"
    equal "$("$originbypass" check --json /etc/originbypass/originbypass.conf)" \
        "$("$originbypass" check /etc/originbypass/originbypass.conf -j)"
    equal "$ORIGIN_V4 $CDN" "$("$originbypass" resolve -- "$CDN" | tr -s ' ')"
    POSIXLY_CORRECT=1 "$originbypass" resolve "$CDN" -4 --json >"$TMPDIR/said"
    contains '"hosts"' "$(<"$TMPDIR/said")"
}

it_leaves_the_options_of_a_program_to_the_program() {
    equal '-q -H --json' "$("$originbypass" run -H "$CDN" echo -q -H --json)"
    equal '-- -q' "$("$originbypass" run -H "$CDN" -- echo -- -q)"
    contains '"about": "true"' "$("$originbypass" doctor -j -- true --json -x 2>&1 | tr -d '\n')"
}

# --- what the options do --------------------------------------------------------------------------------------------

it_takes_hosts_and_upstreams_from_options_as_from_the_environment() {
    local command
    equal "$ORIGIN_V4" "$("$originbypass" resolve "$CDN" -4 --host "$CDN" --upstream 1.1.1.1 | cut -d ' ' -f 1)"
    nobody_asked 8.8.8.8
    equal "$ORIGIN_V4" "$("$originbypass" resolve -4 -H "$CDN" "$CDN" | cut -d ' ' -f 1)"
    contains "$CDN" "$("$originbypass" export --format dnsmasq -H "$CDN")"
    contains "$CDN" "$("$originbypass" check -H "$CDN")"
    contains "$CDN: external DNS says $ORIGIN_V4" "$("$originbypass" doctor -H "$CDN")"
    configure_host
    mv /etc/originbypass/originbypass.conf "$TMPDIR/other.conf"
    equal "$ORIGIN_V4" "$(cd "$TMPDIR" && "$originbypass" resolve -4 -c other.conf "$CDN" | cut -d ' ' -f 1)"
}

it_reports_only_what_is_bad_where_it_shall_be_quiet() {
    equal '' "$("$originbypass" doctor -q -H "$CDN")"
    stop 8.8.8.8 && stop 1.1.1.1
    local report
    report=$("$originbypass" doctor --quiet -H "$CDN" || :)
    equal '' "$(grep -v '^bad ' <<<"$report" || :)"
    contains 'bad ' "$report"
}

it_warns_of_a_host_that_is_watched_and_not_listed() {
    configure_host
    "$originbypass" watch api.example.com "$CDN" -- true >"$TMPDIR/events" 2>"$messages" &
    end_with_the_test $!
    until_true grep -q found "$TMPDIR/events"
    equal 'originbypass watch: warning: api.example.com is not listed, so libc answers and external DNS is not asked' \
        "$(<"$messages")"
}

# --- helpers --------------------------------------------------------------------------------------------------------

exit_status() {
    local status=0
    "$originbypass" "$@" >"$TMPDIR/said" 2>"$messages" || status=$?
    echo "$status"
}

# The first line, and the usage after it.
is_complaint() {
    equal "$1" "$(head -n 1 "$messages")"
    contains 'Usage: originbypass ' "$(sed -n 2p "$messages")"
}

configure_host() {
    mkdir -p /etc/originbypass
    echo "hosts = ( \"$CDN\" );" >/etc/originbypass/originbypass.conf
}

check_all "$@"
