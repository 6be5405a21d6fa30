#!/usr/bin/env bash
# A program that runs with more rights than its user (setuid, file capabilities), with the library in the lab's
# /etc/ld.so.preload. Nothing is taken from the environment, and only root's own configuration file counts.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

nobody=65534
usual_file=/etc/originbypass/originbypass.conf

it_takes_nothing_from_the_environment_of_a_setuid_program() {
    make_secure setuid
    ignores_the_environment
}

it_takes_nothing_from_the_environment_of_a_program_with_file_capabilities() {
    make_secure capable
    ignores_the_environment
}

# The child would no longer be in secure mode.
it_leaves_our_variables_to_no_child_that_gets_roots_rights() {
    not_under musl 'its loader preloads nothing into such a program'
    make_secure setuid as_root
    export ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_LOG_FILE=$TMPDIR/secure.log
    export ORIGIN_BYPASS_LIBRARY=/nonexistent ORIGIN_BYPASS_='' ORIGINAL=kept
    rm -f "$TMPDIR/secure.log"
    equal "$EDGE_V4" "$(as_nobody "$(compiled caller)" getaddrinfo "$CDN" inet)"
    equal 'ORIGINAL=kept' "$(as_nobody /usr/bin/env | grep ORIGIN)"
    nobody_asked 8.8.8.8
    [[ ! -e $TMPDIR/secure.log ]]
}

it_leaves_none_of_them_whatever_they_look_like() {
    not_under musl 'its loader preloads nothing into such a program'
    make_secure setuid as_root
    equal 'ORIGINAL=kept' "$(timeout 30 setpriv --reuid "$nobody" --clear-groups "$(compiled strange_environment)" \
        "$secure" /usr/bin/env 2>"$messages")"
}

it_leaves_the_environment_of_an_ordinary_program_to_its_children() {
    make_secure ordinary as_root
    equal ORIGIN_BYPASS_HOSTS=nothing.example.com \
        "$(ORIGIN_BYPASS_HOSTS=nothing.example.com as_nobody /usr/bin/env | grep ORIGIN)"
}

it_takes_roots_own_configuration_file() {
    not_under musl 'its loader preloads nothing into such a program'
    make_secure setuid
    configure root:root 644
    equal "$ORIGIN_V4" "$(look_up)"
    quiet
}

it_takes_no_configuration_file_of_another_user() {
    make_secure setuid
    configure "$nobody:$nobody" 644
    equal "$EDGE_V4" "$(look_up)"
}

it_takes_no_configuration_file_that_others_may_write() {
    make_secure setuid
    configure root:root 666
    equal "$EDGE_V4" "$(look_up)"
    configure root:"$nobody" 664
    equal "$EDGE_V4" "$(look_up)"
}

it_takes_the_environment_of_an_ordinary_program_in_the_same_place() {
    not_under musl 'its loader does not read /etc/ld.so.preload'
    make_secure ordinary
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_HOSTS=$CDN look_up)"
}

# make_secure setuid | capable | ordinary [PROGRAM]: the lab's caller with these rights, and the library in every program.
make_secure() {
    not_under 'address|thread' 'its runtime does not suit a program in secure mode'
    not_under valgrind 'it does not run programs with more rights'
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    secure=$TMPDIR/secure
    cp "$(compiled "${2-caller}")" "$secure"
    chmod 755 "$TMPDIR" "$LAB" "$secure"
    case $1 in
        setuid) chmod 4755 "$secure" ;;
        capable) setcap cap_net_bind_service=ep "$secure" ;;
    esac
    echo "$LAB_LIBRARY" >/etc/ld.so.preload
}

configure() {
    mkdir -p "${usual_file%/*}"
    printf 'hosts = ( "%s" );\n' "$CDN" >"$usual_file"
    chown "$1" "$usual_file"
    chmod "$2" "$usual_file"
}

ignores_the_environment() {
    export ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_LOG_LEVEL=debug ORIGIN_BYPASS_LOG_FILE=$TMPDIR/secure.log
    rm -f "$TMPDIR/secure.log"
    equal "$EDGE_V4" "$(look_up)"
    nobody_asked 8.8.8.8
    [[ ! -e $TMPDIR/secure.log ]]
    quiet
}

look_up() { as_nobody getaddrinfo "$CDN" inet; }

as_nobody() { setpriv --reuid "$nobody" --clear-groups "$secure" "$@" 2>"$messages"; }

check_all "$@"
