#!/usr/bin/env bash
# originbypass doctor -- PROGRAM: a program of each kind, and what to do for it.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

# Debian's programs, not those that a version manager put before them.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=$TMPDIR/program

it_says_that_the_loader_takes_the_library() {
    doctor -- curl "https://$CDN/"
    finds_nothing_bad
    equal "good  curl: its loader takes $LAB_LIBRARY, which needs glibc $(latest_glibc_of "$LAB_LIBRARY") or later.
1 good, 0 notes, 0 bad" "$report"
    quiet
}

it_does_not_start_the_program() {
    make_program 'int main(void) { return open(getenv("STARTED"), O_CREAT | O_WRONLY, 0600); }'
    STARTED=$TMPDIR/started doctor -- "$program"
    finds_nothing_bad
    fails test -e "$TMPDIR/started"
    STARTED=$TMPDIR/started "$program" || :
    test -e "$TMPDIR/started"
    rm "$TMPDIR/started"
}

it_looks_at_hosts_too_where_they_are_named() {
    doctor_of "$CDN" "$CDN" -- curl
    finds_nothing_bad
    tells good 'curl: its loader takes'
    tells good "$CDN: external DNS says $ORIGIN_V4"
}

it_says_that_there_is_no_such_program() {
    doctor -- no-such-program
    finds_bad 1
    tells bad 'no-such-program: cannot be run: No such file'
    doctor -- /etc/hosts
    tells bad '/etc/hosts: cannot be run: Permission denied'
}

it_says_that_the_interpreter_of_a_script_is_missing() {
    local script=$TMPDIR/entrypoint.sh
    printf '#!/no/such/shell\n' >"$script"
    chmod 755 "$script"
    doctor -- "$script"
    finds_bad 1
    tells bad "$script: cannot be run: its first line names the interpreter /no/such/shell: No such file or directory" 'Install the interpreter'
    fails "$originbypass" run -H "$CDN" "$script" 2>"$messages"
    contains "$script: /no/such/shell: No such file or directory" "$(<"$messages")"
    printf '#!/bin/sh\r\ntrue\r\n' >"$script"
    doctor -- "$script"
    finds_bad 1
    tells bad 'names the interpreter /bin/sh\x0d: No such file' 'Save it with Unix line endings'
}

it_notes_a_script_without_an_interpreter() {
    echo 'echo here' >"$TMPDIR/plain"
    chmod 755 "$TMPDIR/plain"
    doctor -- "$TMPDIR/plain"
    finds_nothing_bad
    tells note "$TMPDIR/plain: is no ELF file and does not begin with #!, so the kernel does not run it" 'begin it with a line such as #!/bin/sh'
}

it_says_that_the_loader_does_not_take_the_library() {
    echo 'not a library' >"$TMPDIR/broken.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so doctor -- curl
    finds_bad 1
    tells bad "curl: the loader does not take $TMPDIR/broken.so: not a shared object (ELF file). Correct the path"
    : | cc -shared -x c -Wl,-soname,libnowhere.so.1 -o "$TMPDIR/libnowhere.so" -
    : | cc -shared -Wl,--no-as-needed -x c - -x none "$TMPDIR/libnowhere.so" -o "$TMPDIR/needy.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/needy.so doctor -- curl
    finds_bad 1
    tells bad "curl: the loader does not take $TMPDIR/needy.so, which needs glibc " '. Build the library on the release'
}

# --- what the library cannot reach ---------------------------------------------------------------------------------

it_tells_a_static_program() {
    make_program 'int main(void) { return 0; }' -static
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: is linked statically" 'originbypass run --private-hosts' hostAliases
    lacks 'takes' "$report"
}

it_tells_a_go_program_without_cgo() {
    go_build 0
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: is a Go program without cgo" CGO_ENABLED=1 GODEBUG=netdns=cgo
}

it_tells_a_go_program_with_cgo_until_it_is_told_to_ask_libc() {
    go_build 1
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: is a Go program: it asks libc for certain only with GODEBUG=netdns=cgo. Run it with GODEBUG=netdns=cgo"
    GODEBUG=netdns=cgo doctor -- "$program"
    finds_nothing_bad
    lacks 'is a Go program' "$report"
}

it_tells_a_setuid_program() {
    make_program 'int main(void) { return 0; }'
    chmod 4755 "$program"
    as_another -- "$program"
    finds_bad 1
    tells bad "$program: is setuid or setgid: the loader ignores LD_PRELOAD for it" /etc/ld.so.preload
}

it_tells_a_program_with_file_capabilities() {
    make_program 'int main(void) { return 0; }'
    setcap cap_net_bind_service=ep "$program"
    as_another -- "$program"
    finds_bad 1
    tells bad "$program: has file capabilities: the loader ignores LD_PRELOAD for it" ip_unprivileged_port_start
}

it_tells_a_program_of_another_libc() {
    make_program 'int main(void) { return 0; }' -Wl,--dynamic-linker=/lib/ld-other.so.1
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: has a libc that is neither glibc nor musl" "Take a build of it for glibc or musl"
}

it_runs_no_loader_that_the_program_names() {
    make_trap
    doctor -- "$program"
    was_not_trapped
    tells note "$program: names $trap/$loader_name for its loader, which is not the system's own" 'was not tried'
}

it_loads_no_auditor_that_the_program_names() {
    make_audit_trap
    doctor -- "$program"
    was_not_trapped
    tells good "$program: its loader takes"
}

it_says_that_the_loader_of_musl_takes_the_library() {
    make_program_of_musl
    doctor -- "$program"
    equal "good  $program: its loader takes $LAB_LIBRARY, which needs musl 1.1.24 or later.
1 good, 0 notes, 0 bad" "$report"
    echo 'int no_such_function(void); int door(void) { return no_such_function(); }' |
        cc -shared -fPIC -x c -o "$TMPDIR/needy.so" -
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/needy.so doctor -- "$program"
    finds_bad 1
    tells bad "$program: the loader does not take $TMPDIR/needy.so, which needs musl" 'no_such_function: symbol not found'
}

it_runs_no_loader_of_musl_that_others_may_have_changed() {
    make_program_of_musl
    loader=$(readelf -p .interp "$program" | grep -o '/.*')
    cp "$(realpath "$loader")" "$TMPDIR/musl"
    chmod 757 "$TMPDIR/musl"
    unshare --mount bash -c "mount -n --bind \"\$1\" \"\$(realpath \"\$2\")\" && exec \"\${@:3}\"" - "$TMPDIR/musl" "$loader" \
        "$originbypass" doctor -- "$program" >"$TMPDIR/report"
    report=$(<"$TMPDIR/report")
    tells note "$program: names $loader for its loader" 'was not tried'
}

it_says_that_the_loader_of_a_program_is_missing() {
    make_program 'int main(void) { return 0; }' -Wl,--dynamic-linker="$TMPDIR/ld-musl-none.so.1"
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: cannot be run here: its loader $TMPDIR/ld-musl-none.so.1 is missing" 'where the program runs'
}

it_tries_a_loader_that_is_its_own_under_another_name() {
    local own
    own=$(readelf -p .interp /bin/sh | grep -o '/.*')
    ln -s "$own" "$TMPDIR/loader"
    make_program 'int main(void) { return 0; }' -Wl,--dynamic-linker="$TMPDIR/loader"
    doctor -- "$program"
    tells bad "$program: has a libc that is neither glibc nor musl" || tells good "$program: its loader takes"
}

it_reads_no_program_that_is_no_file() {
    mkfifo -m 755 "$TMPDIR/pipe"
    doctor -- "$TMPDIR/pipe"
    finds_bad 1
    tells bad "$TMPDIR/pipe: cannot be run: Permission denied"
    printf '#!%s\n' "$TMPDIR/pipe" >"$TMPDIR/script"
    chmod 755 "$TMPDIR/script"
    doctor -- "$TMPDIR/script"
    finds_bad 1
}

it_tells_a_program_of_another_architecture() {
    make_program 'int main(void) { return 0; }'
    printf '\xf3\0' | dd of="$program" bs=1 seek=18 conv=notrunc status=none # RISC-V, in the header's e_machine
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: is made for another CPU: this library is for $this_cpu, the program for RISC-V" "for the program's CPU"
}

it_tells_a_program_that_the_configuration_leaves_alone() {
    configure "hosts = ( \"$CDN\" ); programs = { include = [ \"*/curl:https:*\" ]; };"
    doctor -- curl "https://$CDN/"
    finds_nothing_bad
    doctor -- curl "http://$CDN/"
    finds_bad 1
    tells bad 'curl: is left alone by "programs" in /etc/originbypass/originbypass.conf: every call is libc' programs.include
}

it_tells_a_program_with_addresssanitizer() {
    make_program 'int main(void) { return 0; }' -fsanitize=address 2>/dev/null ||
        skip 'the compiler has no AddressSanitizer'
    [[ $(ldd "$program") == *asan* ]] || skip 'the sanitizer is linked into the program'
    doctor -- "$program"
    finds_bad 1
    tells bad "$program: is built with AddressSanitizer" 'ASAN_OPTIONS=verify_asan_link_order=0'
    ASAN_OPTIONS=verify_asan_link_order=false doctor -- "$program"
    finds_nothing_bad
    ASAN_OPTIONS=verify_asan_link_order=1 doctor -- "$program"
    finds_bad 1
    LD_PRELOAD="$LAB_LIBRARY" doctor -- "$program"
    finds_bad 1
}

# --- resolvers of their own -----------------------------------------------------------------------------------------

it_tells_a_program_that_is_linked_with_c_ares() {
    make_program 'int main(void) { return 0; }' -Wl,--no-as-needed -lcares
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: is linked with a library that resolves names by itself: libcares.so.2" --dns-servers
}

it_tells_a_program_that_has_c_ares_compiled_in() {
    make_program '#include <ares.h>
int main(void) { return ares_library_init(ARES_LIB_INIT_ALL); }' -l:libcares.a
    doctor -- "$program"
    finds_nothing_bad
    tells note "$program: has c-ares compiled in"
    tells good "$program: its loader takes"
}

it_knows_programs_with_a_resolver_of_their_own() {
    knows note nginx 'resolver 8.8.8.8 1.1.1.1 ipv6=off'
    knows note haproxy 'nameserver google 8.8.8.8:53'
    knows bad squid 'dns_nameservers 8.8.8.8 1.1.1.1'
    knows note node "dns.setServers(['8.8.8.8', '1.1.1.1'])"
    knows note java DefaultAddressResolverGroup
    knows bad dig 'originbypass resolve'
    for program in envoy traefik caddy traffic_server chromium; do
        make_program 'int main(void) { return 0; }'
        mv "$TMPDIR/program" "$TMPDIR/$program"
    done
    knows bad "$TMPDIR/envoy" envoy.network.dns_resolver.getaddrinfo
    knows note "$TMPDIR/traefik" 'Go programs'
    knows bad "$TMPDIR/traffic_server" 'proxy.config.dns.nameservers STRING 8.8.8.8 1.1.1.1'
    knows note "$TMPDIR/chromium" --disable-features=AsyncDns
    knows note "$TMPDIR/caddy" '"dynamic a" with'
}

it_notes_what_an_upgrade_of_nginx_does_to_its_environment() {
    knows note nginx 'env LD_PRELOAD; env ORIGIN_BYPASS_HOSTS;'
    contains 'USR2' "$report"
}

# The word is on the command line or in the script.
it_knows_scripts_that_ask_dns_themselves() {
    knows_script ruby resolv-replace 'require "resolv-replace"' --private-hosts
    knows_script php dns_get_record "<?php dns_get_record('a.b');" gethostbynamel
    knows_script perl Net::DNS 'use Net::DNS;' 'nameservers =>'
    knows_script python3 dnspython 'import dns.resolver' 'nameservers ='
    doctor -- ruby -rresolv-replace
    tells note 'ruby: has resolv-replace'
    RUBYOPT=-rresolv-replace doctor -- ruby
    tells note 'ruby: has resolv-replace'
}

# knows_script INTERPRETER WHAT LINE REMEDY
knows_script() {
    echo "$3" >"$TMPDIR/asks"
    doctor -- "$1" "$TMPDIR/asks"
    tells note "$1: has $2, which asks DNS itself" "$4"
    doctor -- "$1" "$TMPDIR/nosuch"
    lacks "$1: has" "$report"
    printf '#!/usr/bin/env %s\n%s\n' "$1" "$3" >"$TMPDIR/script"
    chmod 755 "$TMPDIR/script"
    doctor -- "$TMPDIR/script"
    contains "): has $2, which asks DNS itself" "$report"
}

it_knows_a_program_by_its_real_name_too() {
    ln -sf "$(command -v squid)" "$TMPDIR/proxy"
    knows bad "$TMPDIR/proxy" dns_nameservers
}

it_looks_at_the_interpreter_of_a_script() {
    printf '#!/usr/bin/env -S node --title=x\n' >"$TMPDIR/script"
    chmod 755 "$TMPDIR/script"
    knows note "$TMPDIR/script (/usr/bin/node)" dns.setServers "$TMPDIR/script"
}

it_looks_at_the_program_that_another_one_only_starts() {
    local words loader
    make_program 'int main(void) { return 0; }' -static # what it starts gets LD_PRELOAD all the same
    for words in gosu su-exec s6-setuidgid tini docker-init dumb-init catatonit; do cp "$program" "$TMPDIR/$words"; done
    PATH=$PATH:$TMPDIR
    cp "$originbypass" "$TMPDIR/originbypass"
    loader=$(readelf -l "$(type -P true)" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
    while read -ra words; do
        doctor -- "${words[@]}" dig -t A
        finds_bad 1
        tells bad 'dig: asks DNS itself'
        lacks statically "$report"
    done <<END
timeout 5
timeout -k 1 --signal=TERM --foreground 5
/usr/bin/timeout -sTERM -- 5s
nice -n 5
nice -5
nohup
setsid -w
stdbuf -oL --error 0
env -u HOME --chdir=/ A=b
unshare --net --map-user 5 -w /tmp
setpriv --reuid 5 --clear-groups
gosu nobody
su-exec nobody:nobody
s6-setuidgid nobody
tini -g -p SIGTERM --
docker-init --
dumb-init --rewrite 15:3
catatonit --
tini -- timeout 5 nice -n 1 env A=b
originbypass run -q -H a.example.com --upstream 192.0.2.1
$loader --library-path /usr/lib --inhibit-cache
END
    doctor -- no-such-directory/tini -- dig
    tells bad 'no-such-directory/tini: cannot be run'
    doctor -- timeout 5 no-such-program
    tells bad 'no-such-program: cannot be run'
    doctor -- timeout --version
    lacks dig "$report"
}

it_looks_at_the_program_that_run_would_start() {
    make_program 'int main(void) { return 0; }' -static
    cp "$program" "$TMPDIR/originbypass" # as the static command, whose own kind does not matter
    local words
    while read -ra words; do
        doctor -- "$TMPDIR/originbypass" "${words[@]}" dig -t A
        finds_bad 1
        tells bad 'dig: asks DNS itself'
        lacks statically "$report"
    done <<'END'
run
run -H a.example.com -u 8.8.8.8 -v
run --host=a.example.com --config /etc/hosts --quiet --
END
    doctor -- timeout 5 "$TMPDIR/originbypass" run --private-hosts dig
    finds_nothing_bad
    tells note 'dig: gets an /etc/hosts of its own (--private-hosts), and not the library'
}

it_looks_at_the_program_that_its_loader_is_given() {
    local loader
    loader=$(readelf -p .interp /bin/sh | grep -o '/.*')
    doctor -- "$loader" "$(command -v curl)"
    finds_nothing_bad
    tells good 'its loader takes'
    doctor -- "$loader" --library-path /usr/lib --inhibit-cache "$(command -v dig)"
    finds_bad 1
    tells bad 'dig: asks DNS itself'
}

it_says_that_a_static_shell_is_not_served_and_what_its_script_starts_is() {
    make_program 'int main(void) { return 0; }' -static
    mkdir -p "$TMPDIR/static-shell"
    cp "$program" "$TMPDIR/static-shell/busybox"
    printf '#!%s sh\ncurl\n' "$TMPDIR/static-shell/busybox" >"$TMPDIR/entrypoint"
    chmod 755 "$TMPDIR/entrypoint"
    doctor -- "$TMPDIR/entrypoint"
    finds_nothing_bad
    tells note 'its interpreter is linked statically: the library cannot answer what that looks up itself, and can answer the programs that the script starts'
    tells note 'is a shell script: what it starts is not known'
}

it_says_that_env_takes_ld_preload_away() {
    local words
    for words in -i - -0i --ignore-environment '-i A=b' '-u LD_PRELOAD' -uLD_PRELOAD --unset=LD_PRELOAD LD_PRELOAD= \
        LD_PRELOAD=/usr/lib/libother.so; do
        # shellcheck disable=SC2086 # several words
        doctor -- env $words curl
        finds_bad 1
        tells bad 'env: takes LD_PRELOAD away from what it starts, or gives it one without the library' 'originbypass run after it'
        tells good 'curl: its loader takes'
    done
    doctor -- env -i LD_PRELOAD="$LAB_LIBRARY" curl
    finds_nothing_bad
    doctor -- env -v -u HOME -C /usr/bin curl
    finds_nothing_bad
    doctor -- env -i "$originbypass" run -H "$CDN" curl
    finds_nothing_bad
}

it_says_that_it_cannot_tell_what_a_program_starts() {
    doctor -- timeout --no-such-option 5 dig
    finds_nothing_bad
    tells note 'timeout: starts another program, and its arguments do not tell which one' 'after --'
    doctor -- chroot /srv dig
    tells note 'chroot: starts another program'
    doctor -- taskset 1 dig
    tells note 'taskset: starts another program'
    doctor -- nohup chroot /srv dig
    tells note 'chroot: starts another program'
}

it_says_that_it_does_not_know_what_a_shell_script_starts() {
    printf '#!/bin/sh\nexec curl "$@"\n' >"$TMPDIR/script"
    chmod 755 "$TMPDIR/script"
    doctor -- "$TMPDIR/script"
    finds_nothing_bad
    tells note "$TMPDIR/script (/bin/sh): is a shell script: what it starts is not known" --pid
}

# --- helpers --------------------------------------------------------------------------------------------------------

# knows note|bad NAME REMEDY [PROGRAM]
knows() {
    doctor -- "${4-$2}"
    tells "$1" "$2: " "$3"
}

# make_program SOURCE FLAG...
make_program() {
    rm -f "$TMPDIR/program"
    { printf '#include <fcntl.h>\n#include <stdlib.h>\n' && echo "$1"; } |
        cc -D_GNU_SOURCE -x c -o "$TMPDIR/program" - -x none "${@:2}"
}

make_program_of_musl() {
    command -v musl-gcc >/dev/null || skip 'musl-gcc is not installed'
    [[ $(stat -c %u /) == 0 ]] || skip "in a user namespace, the system's files do not belong to root"
    musl-gcc -o "$program" "$lab/asks.c"
}

# go_build CGO_ENABLED
go_build() {
    CGO_ENABLED=$1 GOCACHE=$TMPDIR/go-cache GO111MODULE=off HOME=$TMPDIR go build -o "$program" "$lab/fetch.go"
}

# The lab's root owns the program, so another user who runs it gains rights.
as_another() {
    local another=(setpriv --reuid 65534 --clear-groups --)
    "${another[@]}" true 2>/dev/null || skip 'there is no other user in this user namespace'
    chmod 755 "$TMPDIR" "$LAB"
    cp "$originbypass" "$LAB_LIBRARY" "$TMPDIR"
    status=0
    report=$("${another[@]}" "$TMPDIR/originbypass" doctor "$@" 2>"$messages") || status=$?
}

# As objdump prints it.
latest_glibc_of() { objdump -p "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n 1; }

check_all "$@"
