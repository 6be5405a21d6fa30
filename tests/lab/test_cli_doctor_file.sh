#!/usr/bin/env bash
# originbypass doctor --pid: what has become of the configuration file since the process read it?
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

library=$LAB_LIBRARY
export ORIGIN_BYPASS_LIBRARY=$library
file=/etc/originbypass/originbypass.conf
with_force='hosts are looked at with what it has in force, and not with its file'
with_file='hosts are looked at with its file as it is now, which is not yet in force'
pinned="{ name = \"shop.example.com\"; addresses = [ \"$ORIGIN_V4\" ]; }"
no_settings='the process lists it, but cannot tell with which settings (addresses, query, upstreams, reject)'

# Its next lookup takes the file over, so that is what a host is looked at with.
it_looks_at_a_host_with_a_changed_file_that_the_next_lookup_takes_over() {
    configure "hosts = ( \"$CDN\", \"www.example.com\" );"
    begin_asking
    doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    lacks "$with_file" "$report"
    configure "hosts = ( \"www.example.com\", $pinned );"
    doctor --pid "$pid" shop.example.com
    finds_bad 1
    tells bad "does not list shop.example.com, so libc answers. $file lists it by now, but that is not in force: a lookup takes the change over"
    tells note "process $pid: $with_file"
    tells good "shop.example.com: the configuration says $ORIGIN_V4"
    lacks "a program gets libc's answer" "$report"
    doctor --pid "$pid" "$CDN"
    tells bad "$CDN: is not listed"
    ask_for shop.example.com
    until_true takes_the_file
}

takes_the_file() {
    ask_for shop.example.com
    doctor --pid "$pid" shop.example.com
    tells good "in force since 20" "www.example.com shop.example.com" >/dev/null && lacks "$with_file" "$report" >/dev/null
}

# As a proxy does that starts as root: what it has in force, it read before.
it_does_not_call_what_a_process_may_no_longer_do_a_change() {
    setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip 'there is no other user in this user namespace'
    mkdir "$TMPDIR/roots"
    configure "hosts = ( \"$CDN\" ); metrics = { directory = \"$TMPDIR/roots\"; };"
    chmod 600 "$file"
    begin_python "os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "its user may not read its configuration file, so it would refuse a change: $file: this user may not read the file" \
        'Let the user of the process read the file'
    lacks 'has changed' "$report"
    echo "hosts = ( \"$CDN\", \"www.example.com\" ); metrics = { directory = \"$TMPDIR/roots\"; };" >"$file"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "its configuration file has changed, and it will refuse the change and keep what it has in force: $file: this user may not read"
}

it_takes_changed_upstreams_from_the_file_unless_the_variable_names_them() {
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"1.1.1.1\" ];"
    begin_asking
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"8.8.8.8\" ];"
    doctor --pid "$pid" "$CDN"
    tells good '8.8.8.8: answers over UDP'
    lacks '1.1.1.1: ' "$report"
    ORIGIN_BYPASS_UPSTREAMS=1.1.1.1 begin_asking
    configure "hosts = ( \"$CDN\" ); upstreams = [ \"8.8.8.8\", \"8.8.4.4\" ];"
    doctor --pid "$pid" "$CDN"
    tells good '1.1.1.1: answers over UDP'
    lacks '8.8.8.8: ' "$report"
}

it_says_that_a_changed_file_is_not_in_force() {
    configure "hosts = ( \"$CDN\" );"
    begin_asking
    doctor --pid "$pid"
    lacks 'has changed' "$report"
    configure "hosts = ( \"$CDN\", \"api.example.com\" );"
    doctor --pid "$pid"
    tells note "process $pid (asks): its configuration file $file has changed, and the change is not in force" \
        'It notices the change at its next lookup'
    equal 0 "$status"
}

it_notices_a_change_in_a_file_of_prefixes() {
    configure "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$TMPDIR/prefixes\" ]; };"
    echo 192.0.2.0/24 >"$TMPDIR/prefixes"
    begin_asking
    doctor --pid "$pid"
    lacks 'has changed' "$report"
    echo "$ORIGIN_V4" >"$TMPDIR/prefixes"
    doctor --pid "$pid"
    tells note "$file has changed, and the change is not in force"
}

it_says_that_nginx_does_not_have_a_changed_file_in_force() {
    configure 'hosts = ( "www.example.com" );'
    start_proxy LD_PRELOAD="$library"
    configure "hosts = ( \"www.example.com\", \"$CDN\" );"
    doctor --pid "$proxy"
    finds_bad 1
    tells bad "(nginx): its configuration file $file has changed, and the change is not in force" 'reload it (nginx -s reload)'
    stop_proxy || :
}

it_says_that_a_process_in_a_changed_root_never_takes_a_change_over() {
    mkdir -p "$TMPDIR/empty"
    configure "hosts = ( \"$CDN\", $pinned ); $patient"
    begin_asking "$TMPDIR/empty"
    doctor --pid "$pid" shop.example.com
    lacks 'and the change is not in force' "$report"
    tells good "shop.example.com: the configuration says $ORIGIN_V4"
    configure "hosts = ( \"$CDN\", { name = \"shop.example.com\"; addresses = [ \"203.0.113.99\" ]; } ); $patient"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "its configuration file $file has changed or is gone, and the change is not in force" 'Restart it.' 'has changed its root directory'
    doctor --pid "$pid" http://shop.example.com/
    finds_bad 1
    tells note "shop.example.com: $no_settings: its file has changed, and it does not see the change"
    lacks 203.0.113.99 "$report"
    doctor --pid "$pid" www.example.com
    tells note "www.example.com: a program gets libc's answer"
}

it_judges_no_pinned_address_by_a_file_that_the_process_refuses() {
    configure "hosts = ( $pinned );"
    begin_asking
    configure 'hosts = ( { name = "shop.example.com"; addresses = [ "203.0.113.99" ]; }, "a b" );'
    doctor --pid "$pid" http://shop.example.com/
    finds_bad 1
    tells bad "its configuration file has changed, and it will refuse the change and keep what it has in force: $file:1: \"a b\" is not a host name" \
        "originbypass check $file shows every error"
    tells note "shop.example.com: $no_settings: its file has changed, and it does not accept the change"
    lacks 203.0.113.99 "$report"
}

# A user who may write the file but is neither root nor the user of the process must not decide where it connects.
it_judges_no_pinned_address_by_a_file_whose_owner_does_not_count() {
    configure "hosts = ( $pinned );"
    begin_asking
    configure 'hosts = ( { name = "shop.example.com"; addresses = [ "203.0.113.99" ]; } );'
    chown 1:1 "$file"
    doctor --pid "$pid" shop.example.com
    finds_bad 1
    tells bad "it will refuse the change and keep what it has in force: $file: while the program runs, a changed file counts only if" \
        'Let root own the file'
    tells note "shop.example.com: $no_settings"
    lacks 203.0.113.99 "$report"
}

it_judges_no_pinned_address_by_a_file_that_is_gone() {
    configure "hosts = ( $pinned );"
    begin_asking
    rm "$file"
    doctor --pid "$pid" shop.example.com
    finds_bad 1
    tells bad "its configuration file $file is gone; the process keeps what it has in force until it is restarted" 'Put the file back'
    tells note "shop.example.com: $no_settings: its file is gone"
    lacks 'external DNS says' "$report"
    lacks ORIGIN_BYPASS_HOSTS "$report"
    ln -s nowhere "$file"
    doctor --pid "$pid"
    tells bad "its configuration file $file is a symbolic link to a file that is gone"
}

# Then names and upstreams are all that there is to know.
it_looks_at_a_host_with_what_is_in_force_if_that_is_names_and_upstreams_alone() {
    configure "hosts = ( \"$CDN\", \"www.example.com\" ); upstreams = [ \"1.1.1.1\" ];"
    begin_asking
    rm "$file"
    doctor --pid "$pid" "$CDN"
    finds_bad 1
    tells note "process $pid: $with_force"
    tells good "$CDN: external DNS says $ORIGIN_V4"
    lacks '8.8.8.8: ' "$report"
    lacks ORIGIN_BYPASS_HOSTS "$report"
    lacks 'host rule' "$report"
    configure 'hosts = ( "a b" ); upstreams = [ "203.0.113.99" ];'
    ORIGIN_BYPASS_HOSTS=shop.example.com doctor --pid "$pid" "$CDN"
    finds_bad 1
    tells good "$CDN: external DNS says $ORIGIN_V4"
    lacks 203.0.113.99 "$report"
    lacks 'lists shop.example.com' "$report"
}

it_gives_a_process_without_a_file_no_file_of_this_shell() {
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    echo "hosts = ( \"$CDN\" ); answers = { reject = [ \"$ORIGIN_V4\" ]; };" >"$TMPDIR/its.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/its.conf doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
    lacks its.conf "$report"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# begin_asking [ROOT]: a program that has looked a host up, and has changed its root directory if one is given.
begin_asking() {
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { LD_PRELOAD=$library exec "$(compiled asks)" "$@" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
}

# begin_python CODE: the same in Python, which has run the code since.
begin_python() {
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking {
        LD_PRELOAD=$library exec "$python" -c "
import os, socket, sys
socket.getaddrinfo('$CDN', 80)
$1
print(flush=True)
sys.stdin.read()" 2>"$messages"
    }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    read -r <&"${asking[0]}"
}

ask_for() {
    echo "$1" >&"${asking[1]}"
    read -r <&"${asking[0]}"
}

check_all "$@"
