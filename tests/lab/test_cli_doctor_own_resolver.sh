#!/usr/bin/env bash
# originbypass doctor and programs that are on no list: a resolver of their own is found by what is in their files, and
# by the sockets that they have while they run.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"
# shellcheck source-path=SCRIPTDIR source=proxy.sh
source "$lab/proxy.sh"

# Debian's programs, not those that a version manager put before them.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=$TMPDIR/program
past_libc='asks DNS itself, without libc and the library: it has a socket to a DNS server'
perhaps='either a lookup by libc or the library is under way, or it asks DNS itself'

# --- what is in its files -------------------------------------------------------------------------------------------

it_notes_a_program_that_imports_libcs_functions_for_any_record() {
    make_program '#include <resolv.h>
int main(int count, char **words) { unsigned char answer[512]; return res_query(words[count - 1], 1, 1, answer, 512); }' -lresolv
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: imports res_query: it may ask DNS itself, perhaps only for records other than addresses" \
        'doctor --pid' 'PROGRAMS WITH A RESOLVER OF THEIR OWN'
    tells good "$program: its loader takes"
}

it_says_if_such_a_program_asks_libc_too() {
    make_program '#include <netdb.h>
#include <resolv.h>
int main(int count, char **words) { return res_query(words[count - 1], 1, 1, NULL, 0) + (gethostbyname(*words) != NULL); }' -lresolv
    doctor -- "$program"
    tells note "$program: imports res_query" 'the library answers what it asks libc'
}

it_does_not_note_a_program_that_only_has_libc_read_resolv_conf_again() {
    make_program '#include <resolv.h>
int main(void) { return res_init(); }' -lresolv
    doctor -- "$program"
    finds_no_resolver
}

it_notes_a_program_that_has_the_path_of_resolv_conf_in_it() {
    make_program 'int main(void) { return open("/etc/resolv.conf", O_RDONLY) < 0; }'
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: contains /etc/resolv.conf: it may ask DNS itself, for all names, for some or for none" \
        'strace -f -e trace=network'
}

# The file is read in pieces of 1 MiB.
it_finds_the_path_at_any_place_in_a_large_file() {
    local place
    for place in 1048560 1048575 5000000; do
        make_program 'int main(void) { return 0; }'
        truncate -s "$place" "$program"
        printf /etc/resolv.conf >>"$program"
        truncate -s 6M "$program"
        doctor -- "$program"
        tells note "$program: contains /etc/resolv.conf"
    done
}

it_notes_a_program_whose_library_asks_dns() {
    make_library 'open("/etc/resolv.conf", O_RDONLY)'
    make_program_with_library "-Wl,-rpath,$TMPDIR/own"
    doctor -- "$program"
    tells note "$program: needs libasks.so, which contains /etc/resolv.conf: it may ask DNS itself"
    make_program_with_library "-Wl,-rpath,\$ORIGIN/own"
    doctor -- "$program"
    tells note "$program: needs libasks.so, which contains /etc/resolv.conf"
    make_program_with_library "-Wl,--disable-new-dtags,-rpath,/nosuch:\${ORIGIN}/own"
    doctor -- "$program"
    tells note "$program: needs libasks.so, which contains /etc/resolv.conf"
}

# As curl where libcurl is built with c-ares.
it_notes_a_program_whose_library_needs_c_ares() {
    make_library '0' -Wl,--no-as-needed -lcares
    make_program_with_library "-Wl,-rpath,$TMPDIR/own"
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: needs libasks.so, which needs libcares.so.2: it may ask DNS itself"
}

it_finds_a_library_where_the_loaders_cache_has_it() {
    make_program 'int main(void) { return 0; }' -Wl,--no-as-needed -l:libgrpc.so.29 2>/dev/null ||
        make_program 'int main(void) { return 0; }' -Wl,--no-as-needed -l:libgnutls-dane.so.0 2>/dev/null ||
        skip 'no library of this system needs c-ares or libunbound'
    doctor -- "$program"
    tells note "$program: needs libg" ', which needs lib'
}

it_reads_no_library_that_is_no_file() {
    make_library '0'
    make_program_with_library "-Wl,-rpath,$TMPDIR/own"
    rm "$TMPDIR/own/libasks.so"
    mkfifo "$TMPDIR/own/libasks.so"
    doctor -- "$program"
    finds_no_resolver
}

it_notes_nothing_of_usual_programs() {
    local name
    for name in curl wget git perl php; do
        doctor -- "$name"
        finds_no_resolver
    done
}

# --- what it does ---------------------------------------------------------------------------------------------------

it_notes_a_process_that_waits_for_a_dns_server_as_libc_never_does() {
    begin_socket epoll "$LOCAL_DNS"
    doctor --pid "$pid"
    tells note "process $pid (dns_socket): $past_libc (UDP $LOCAL_DNS:53)" 'Give its resolver the servers 8.8.8.8 and 1.1.1.1'
    begin_socket epoll ::1
    doctor --pid "$pid"
    tells note "process $pid (dns_socket): $past_libc (UDP [::1]:53)"
}

it_cannot_tell_a_resolver_that_waits_as_libc_does_from_libc() {
    begin_socket poll "$LOCAL_DNS"
    doctor --pid "$pid"
    tells note "process $pid (dns_socket): has a socket to a DNS server (UDP $LOCAL_DNS:53): $perhaps" 'Look again'
    lacks "$past_libc" "$report"
}

# The epoll set has another file, which once had the socket's number.
it_knows_a_socket_of_an_epoll_set_by_more_than_its_number() {
    begin_socket number "$LOCAL_DNS"
    doctor --pid "$pid"
    tells note "process $pid (dns_socket): has a socket to a DNS server (UDP $LOCAL_DNS:53): $perhaps"
    lacks "$past_libc" "$report"
}

it_takes_no_socket_of_the_library_for_the_programs() {
    local asks
    asks=$(compiled asks)
    silence 8.8.8.8
    silence 1.1.1.1
    with_settings "hosts = ( \"$CDN\" ); $patient"
    coproc asking { LD_PRELOAD="$checker_before $LAB_LIBRARY" exec "$asks" 2>/dev/null; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    end_with_the_test "$pid"
    echo "$CDN" >&"${asking[1]}"
    until_true has_a_socket "$pid"
    doctor --pid "$pid"
    lacks "$past_libc" "$report"
    tells note 'has a socket to a DNS server (UDP 8.8.8.8:53' "$perhaps"
}

it_says_nothing_of_a_socket_without_a_peer() {
    begin_socket unconnected "$LOCAL_DNS"
    doctor --pid "$pid"
    lacks process-resolver "$report"
    lacks 'DNS server' "$report"
}

# They are all in the table of the network namespace.
it_takes_no_socket_of_another_process_for_the_programs() {
    begin_socket epoll "$LOCAL_DNS"
    sleep 60 &
    pid=$!
    end_with_the_test "$pid"
    doctor --pid "$pid"
    lacks 'DNS server' "$report"
}

it_says_in_json_that_a_process_asks_dns_itself() {
    begin_socket epoll "$LOCAL_DNS"
    doctor --json --pid "$pid"
    equal 'note' "$("$python" -c '
import json, sys
print(*[f["verdict"] for f in json.load(sys.stdin)["findings"] if f["check"] == "process-resolver"])' <<<"$report")"
}

# The master has no such socket, and is what a container's process 1 is.
it_notes_nginx_with_a_resolver_and_what_helps() {
    sed "s|proxy_pass http://$CDN;|resolver $LOCAL_DNS; set \$origin $CDN; proxy_pass http://\$origin;|" \
        "$lab/proxies/nginx.conf" >"$TMPDIR/nginx.conf"
    run_proxy_with_library nginx -p "$LAB/nginx" -c "$TMPDIR/nginx.conf"
    ask "http://$CDN/" >"$TMPDIR/said" 2>&1 || :
    doctor --pid "$proxy"
    finds_nothing_bad
    tells note "process $proxy (nginx), its process $(pgrep -P "$proxy"): $past_libc (UDP $LOCAL_DNS:53)" \
        'resolver 8.8.8.8 1.1.1.1 ipv6=off'
}

it_notes_haproxy_with_resolvers_and_what_helps() {
    sed 's|server origin .*|& resolvers own|' "$lab/proxies/haproxy.cfg" >"$TMPDIR/haproxy.cfg"
    printf 'resolvers own\n    nameserver own %s:53\n' "$LOCAL_DNS" >>"$TMPDIR/haproxy.cfg"
    run_proxy_with_library haproxy -W -db -f "$TMPDIR/haproxy.cfg"
    until_true haproxy_is_seen_to_ask
    tells note "process $proxy (haproxy), its process" "$past_libc (UDP $LOCAL_DNS:53)" 'nameserver google 8.8.8.8:53'
}

# Its master starts itself again after it has started the worker, and has no library for a moment.
haproxy_is_seen_to_ask() {
    doctor --pid "$proxy"
    finds_nothing_bad >/dev/null && tells note "$past_libc (UDP $LOCAL_DNS:53)" >/dev/null
}

it_says_of_an_nginx_that_asks_libc_only_what_it_may_do() {
    run_proxy_with_library nginx -p "$LAB/nginx" -c "$lab/proxies/nginx.conf"
    ask "http://$CDN/" >"$TMPDIR/said"
    doctor --pid "$proxy"
    finds_nothing_bad
    tells note "process $proxy (nginx): has no socket to a DNS server now. Its program asks libc for the names in its" \
        'resolver 8.8.8.8 1.1.1.1 ipv6=off'
    lacks "$past_libc" "$report"
}

# A resolver may close its socket after each answer.
it_says_of_a_process_without_such_a_socket_what_is_in_its_programs_file() {
    make_program '#include <unistd.h>
int main(int count, char **words) { (void)words; return count > 1 ? open("/etc/resolv.conf", O_RDONLY) : pause(); }'
    begin_with_library "$program"
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "process $pid (program): has no socket to a DNS server now. Its program contains /etc/resolv.conf: it may"
    make_program '#include <unistd.h>
int main(void) { return pause(); }' -Wl,--no-as-needed -lcares
    begin_with_library "$program"
    doctor --pid "$pid"
    tells note "Its program needs libcares.so.2: it may ask DNS itself"
}

it_says_nothing_of_a_process_without_such_a_socket_and_without_signs() {
    begin_with_library sleep 60
    doctor --pid "$pid"
    finds_nothing_bad
    lacks 'DNS server' "$report"
}

# --- helpers --------------------------------------------------------------------------------------------------------

finds_no_resolver() { finds_nothing_bad && lacks 'ask DNS' "$report"; }

# make_program SOURCE FLAG...
make_program() {
    rm -f "$program"
    { printf '#include <fcntl.h>\n#include <stddef.h>\n' && echo "$1"; } |
        cc -D_GNU_SOURCE -x c -o "$program" - -x none "${@:2}"
}

# make_library EXPRESSION FLAG...: a library in a directory of its own.
make_library() {
    mkdir -p "$TMPDIR/own"
    printf '#include <fcntl.h>\nint asks(void) { return %s; }\n' "$1" |
        cc -shared -fPIC -x c -o "$TMPDIR/own/libasks.so" - -x none "${@:2}"
}

make_program_with_library() {
    make_program 'int asks(void); int main(void) { return asks(); }' -L"$TMPDIR/own" -lasks "$@"
}

# begin_socket MODE ADDRESS: runs dns_socket.c. Sets $pid to the process, which has the socket and lives until the test ends.
begin_socket() {
    # shellcheck disable=SC2154 # the test before
    coproc holder { exec "$(compiled dns_socket)" "$@"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$holder_PID
    end_with_the_test "$pid"
    read -r <&"${holder[0]}"
}

# begin_with_library COMMAND...: sets $pid to the process, which runs the command until the test ends.
begin_with_library() {
    LD_PRELOAD="$checker_before $LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN" "$@" &
    pid=$!
    end_with_the_test "$pid"
    until_true runs "${1##*/}"
}

runs() { [[ $(<"/proc/$pid/comm") == "$1" ]] && grep -q "^State:.S" "/proc/$pid/status"; }

has_a_socket() { [[ $(readlink "/proc/$1/fd/"*) == *socket:* ]]; }

run_proxy_with_library() {
    run_proxy env LD_PRELOAD="$checker_before $LAB_LIBRARY" ORIGIN_BYPASS_HOSTS="$CDN" "$@"
}

check_all "$@"
