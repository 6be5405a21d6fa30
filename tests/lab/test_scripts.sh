#!/usr/bin/env bash
# scripts/origin-curl and scripts/entrypoint.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
origin_curl=$top/scripts/origin-curl
entrypoint=$top/scripts/entrypoint

it_needs_nothing_but_the_url() {
    contains '"server":"origin"' "$("$origin_curl" -sS "https://$CDN/" 2>"$messages")"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_takes_the_host_from_every_kind_of_url() {
    local url
    for url in "http://$CDN" "https://$CDN:443/a?b=https://other.example.com/" "http://user:secret@$CDN/" "$CDN/a" "$CDN:80" \
        "HTTPS://CDN.example.com/#c"; do
        echo "$url:"
        contains '"server":"origin"' "$("$origin_curl" -sS "$url")"
        contains '"server":"origin"' "$("$origin_curl" -sS --url "$url")"
    done
    nobody_asked "$LOCAL_DNS"
}

it_takes_the_hosts_of_several_urls() {
    equal 2 "$("$origin_curl" -sS "https://$CDN/" -o - --next -sS https://www.example.com/ | grep -c '"server":"origin"')"
}

it_does_not_take_the_value_of_an_option_for_a_url() {
    stand_in_for_curl
    local options
    for options in '-H Referer:https://no.example/' '-e https://no.example/' '-sSe https://no.example/' '-o no.example' \
        '--data https://no.example/' '-x http://no.example:3128' '--netrc-file no.example' '--connect-to ::no.example:' \
        '-sS --compressed --netrc' '-ono.example' '--max-ti 9' '-4 -L -k --http1.1'; do
        # shellcheck disable=SC2086 # words
        equal "hosts: $CDN" "$("$origin_curl" $options "https://$CDN/" | head -n 1)"
    done
}

it_passes_every_argument_on_as_it_is() {
    stand_in_for_curl
    equal "$(printf '%s\n' "hosts: $CDN" -H 'A: b  c' -d '' -H '*' "https://$CDN/")" \
        "$("$origin_curl" -H 'A: b  c' -d '' -H '*' "https://$CDN/")"
}

it_adds_to_the_hosts_that_are_given() {
    stand_in_for_curl
    equal "hosts: *.example.net !a.example.net $CDN" \
        "$(ORIGIN_BYPASS_HOSTS='*.example.net !a.example.net' "$origin_curl" "https://$CDN/" | head -n 1)"
}

it_leaves_addresses_alone() {
    stand_in_for_curl
    equal "hosts: $CDN" "$("$origin_curl" http://203.0.113.7/ 'http://[2001:db8::7]:80/' "$CDN" | head -n 1)"
}

it_says_so_when_it_can_not_tell_the_host() {
    contains "cannot tell the host in 'https://{a,b}.example.com/'" "$("$origin_curl" -sS 'https://{a,b}.example.com/' 2>&1)"
}

it_exits_as_curl_does() {
    exits_with 22 "$origin_curl" -sS -f -o "$TMPDIR/body" --connect-to "::$EDGE_V4:" "https://$CDN/"
    exits_with 2 "$origin_curl" --no-such-option
}

it_says_where_it_looked_when_there_is_no_library() {
    mkdir -p "$TMPDIR/alone/bin"
    cp "$origin_curl" "$entrypoint" "$TMPDIR/alone/bin"
    unset ORIGIN_BYPASS_LIBRARY
    exits_with 125 "$TMPDIR/alone/bin/origin-curl" "https://$CDN/"
    contains "no liboriginbypass.so found beside $TMPDIR/alone/bin" "$(<"$messages")"
}

it_finds_the_library_beside_itself_and_in_build() {
    mkdir -p "$TMPDIR/tree/bin" "$TMPDIR/tree/build"
    cp "$entrypoint" "$TMPDIR/tree/bin"
    unset ORIGIN_BYPASS_LIBRARY
    export ORIGIN_BYPASS_HOSTS=$CDN
    cp "$LAB_LIBRARY" "$TMPDIR/tree/build/liboriginbypass.so"
    contains "LD_PRELOAD=$TMPDIR/tree/build/liboriginbypass.so" "$("$TMPDIR/tree/bin/entrypoint" env)"
    cp "$LAB_LIBRARY" "$TMPDIR/tree/bin/liboriginbypass.so"
    contains "LD_PRELOAD=$TMPDIR/tree/bin/liboriginbypass.so" "$(cd / && "$TMPDIR/tree/bin/entrypoint" env)"
}

it_runs_the_program_of_a_container_under_the_library() {
    contains '"server":"origin"' "$(ORIGIN_BYPASS_HOSTS=$CDN "$entrypoint" curl -sS "https://$CDN/")"
    nobody_asked "$LOCAL_DNS"
}

it_becomes_the_program() {
    # shellcheck disable=SC2016 # for the inner shell
    equal 1 "$(ORIGIN_BYPASS_HOSTS=$CDN sh -c 'echo $$; exec "$@"' sh "$entrypoint" sh -c 'echo $$' | uniq | wc -l)"
}

it_passes_arguments_and_status_on() {
    export ORIGIN_BYPASS_HOSTS=$CDN
    equal $'[a  b]\n[]\n[*]' "$("$entrypoint" printf '[%s]\n' 'a  b' '' '*')"
    exits_with 42 "$entrypoint" sh -c 'exit 42'
}

it_keeps_what_is_in_ld_preload_behind_the_library() {
    local other=$TMPDIR/libother.so
    echo 'int other_library;' | cc -shared -fPIC -x c -o "$other" -
    export LD_PRELOAD=$other ORIGIN_BYPASS_HOSTS=$CDN
    contains "LD_PRELOAD=$LAB_LIBRARY:$other" "$("$entrypoint" env)"
    contains '"server":"origin"' "$("$origin_curl" -sS "https://$CDN/")"
    contains "$other" "$("$entrypoint" cat /proc/self/maps)"
}

it_exits_as_env_does() {
    export ORIGIN_BYPASS_HOSTS=$CDN
    local program status=0
    for program in /no/such/program no-such-program /etc/hosts; do
        env "$program" || status=$?
        exits_with "$status" "$entrypoint" "$program"
    done
    exits_with 127 "$entrypoint" /no/such/program
    exits_with 126 "$entrypoint" /etc/hosts
    exits_with 125 "$entrypoint"
}

it_leads_away_from_the_cdn_if_nothing_is_configured() {
    contains '"server":"origin"' "$("$entrypoint" curl -sS --max-time 20 "https://$CDN/")"
    equal 'ORIGIN_BYPASS_HOSTS=auto' "$("$entrypoint" env | grep ^ORIGIN_BYPASS_HOSTS)"
}

it_refuses_to_start_without_a_host() {
    ORIGIN_BYPASS_HOSTS='' exits_with 125 "$entrypoint" true
    contains 'no host given: set ORIGIN_BYPASS_HOSTS' "$(<"$messages")"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/missing exits_with 125 "$entrypoint" true
    contains "$TMPDIR/missing" "$(<"$messages")"
}

it_takes_hosts_from_a_configuration_file() {
    echo 'hosts = ( "cdn.example.com" );' >"$TMPDIR/originbypass.conf"
    contains '"server":"origin"' \
        "$(ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/originbypass.conf "$entrypoint" curl -sS "https://$CDN/")"
    mkdir /etc/originbypass
    cp "$TMPDIR/originbypass.conf" /etc/originbypass/
    contains '"server":"origin"' "$("$entrypoint" curl -sS "https://$CDN/")"
}

it_refuses_a_library_that_is_missing_or_can_not_be_loaded() {
    export ORIGIN_BYPASS_HOSTS=$CDN
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/missing.so exits_with 125 "$entrypoint" true
    contains "$TMPDIR/missing.so: no such file" "$(<"$messages")"
    echo 'no library' >"$TMPDIR/broken.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so exits_with 125 "$entrypoint" true
    contains "$TMPDIR/broken.so: not a shared object" "$(<"$messages")"
    mkdir -p "$TMPDIR/without/the/command"
    cp "$entrypoint" "$TMPDIR/without/the/command"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so exits_with 125 "$TMPDIR/without/the/command/entrypoint" true
    contains "$TMPDIR/broken.so: the loader refuses it" "$(<"$messages")"
    cp "$LAB_LIBRARY" "$TMPDIR/a b.so"
    ORIGIN_BYPASS_LIBRARY="$TMPDIR/a b.so" exits_with 125 "$entrypoint" true
    contains 'cannot name a path with a space' "$(<"$messages")"
}

it_takes_a_library_by_a_relative_path() {
    export ORIGIN_BYPASS_HOSTS=$CDN
    cd "$(dirname "$LAB_LIBRARY")"
    ORIGIN_BYPASS_LIBRARY=./$(basename "$LAB_LIBRARY")
    contains '"server":"origin"' "$(ORIGIN_BYPASS_LIBRARY=$ORIGIN_BYPASS_LIBRARY "$entrypoint" curl -sS "https://$CDN/")"
}

it_needs_no_command_beside_the_library() {
    mkdir -p "$TMPDIR/bare"
    local library=$TMPDIR/bare/liboriginbypass.so
    cp "$LAB_LIBRARY" "$library"
    cp "$entrypoint" "$TMPDIR/bare"
    local entrypoint=$TMPDIR/bare/entrypoint
    unset ORIGIN_BYPASS_LIBRARY
    contains '"server":"origin"' "$("$entrypoint" curl -sS "https://$CDN/")"
    ORIGIN_BYPASS_HOSTS='' exits_with 125 "$entrypoint" true
    contains 'entrypoint: no host given: set ORIGIN_BYPASS_HOSTS' "$(<"$messages")"
    export ORIGIN_BYPASS_HOSTS=$CDN
    contains '"server":"origin"' "$("$entrypoint" curl -sS "https://$CDN/")"
    contains "LD_PRELOAD=$library:$LAB_LIBRARY" "$(LD_PRELOAD=$LAB_LIBRARY "$entrypoint" env)"
    exits_with 127 "$entrypoint" /no/such/program
    echo 'no library' >"$library"
    exits_with 125 "$entrypoint" true
    contains "entrypoint: $library: the loader refuses it" "$(<"$messages")"
}

it_is_the_command_run_where_that_is_there() {
    ORIGIN_BYPASS_HOSTS=$CDN exits_with 0 "$entrypoint" /sbin/ldconfig -V
    contains 'originbypass run: warning: /sbin/ldconfig is linked statically' "$(<"$messages")"
}

it_needs_a_posix_shell_only() {
    if command -v dash >/dev/null; then
        contains '"server":"origin"' "$(ORIGIN_BYPASS_HOSTS=$CDN dash "$entrypoint" curl -sS "https://$CDN/")"
    else
        skip 'dash is not installed'
    fi
}

exits_with() {
    local expected=$1 status=0
    "${@:2}" 2>"$messages" || status=$?
    equal "$expected" "$status"
}

# Prints its arguments; knows the same options as curl.
stand_in_for_curl() {
    mkdir -p "$TMPDIR/stand-in"
    cat >"$TMPDIR/stand-in/curl" <<END
#!/bin/sh
[ "\$1" = --help ] && exec $(command -v curl) "\$@"
echo "hosts: \$ORIGIN_BYPASS_HOSTS"
printf '%s\n' "\$@"
END
    chmod +x "$TMPDIR/stand-in/curl"
    PATH=$TMPDIR/stand-in:$PATH
}

check_all "$@"
