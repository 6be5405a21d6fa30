#!/usr/bin/env bash
# The static command (make STATIC=1), for systems of any libc. What its subcommands do is tested by ../lab/test_cli_*.sh,
# which tests/check runs with it as well (COMMAND=static). Here is what only it does.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"
# shellcheck source-path=SCRIPTDIR source=../guest/musl.sh
source "$top/tests/guest/musl.sh"

static=${LAB_LIBRARY%/*}/static/originbypass
[[ $checker != foreign ]] || make_runnable "$static" "$LAB/tmp/static" || exit 125

prepare() {
    [[ -x $static ]] || skip 'there is no static command; make STATIC=1 builds it'
    [[ $(stat -c %u /) == 0 ]] || skip "in a user namespace, the system's files do not belong to root"
    command=$static
    [[ $checker != foreign ]] || command=$LAB/tmp/static
    configure "hosts = ( \"$CDN\", \"*.example.net\" );"
}

configure() {
    mkdir -p /etc/originbypass
    echo "$1" >/etc/originbypass/originbypass.conf
}

it_needs_neither_a_loader_nor_a_library() {
    lacks INTERP "$(readelf --wide --segments "$static")"
    lacks NEEDED "$(readelf --wide --dynamic "$static")"
}

it_can_be_at_any_address() {
    contains 'DYN (Position-Independent Executable file)' "$(readelf --file-header "$static")"
    lacks TEXTREL "$(readelf --wide --dynamic "$static")"
}

it_is_for_the_librarys_cpu() {
    equal "$(readelf --file-header "$LAB_LIBRARY" | grep Machine)" "$(readelf --file-header "$static" | grep Machine)"
}

# Times differ from call to call, and so does each command's own place.
it_says_what_the_ordinary_command_says() {
    local arguments
    while IFS= read -r arguments; do
        # shellcheck disable=SC2086 # these are words
        { said_by "$originbypass" $arguments >"$TMPDIR/ordinary" && said_by "$command" $arguments >"$TMPDIR/as-static"; }
        diff -u "$TMPDIR/ordinary" "$TMPDIR/as-static" || { echo "of: originbypass $arguments" && return 1; }
    done <<END
--help
--version
check
check --json
check --host $CDN
resolve $CDN www.example.com localhost 127.0.0.1 gone.invalid
resolve --json $CDN www.example.com dual.example.com
resolve --explain dual.example.com
resolve --explain -6 $CDN
doctor
doctor $CDN www.example.com gone.invalid
doctor --json $CDN
doctor -- curl
export --format hosts
export --format nginx
export --format haproxy
export --format dnsmasq
export --format coredns
stats
system
env -H $CDN
run --help
watch --help
system --help
completion bash
nonsense
END
}

said_by() {
    local status=0
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY "$@" >"$TMPDIR/said" 2>"$TMPDIR/complained" || status=$?
    cat "$TMPDIR/complained" >>"$TMPDIR/said"
    sed -E "s|$1|COMMAND|g; s/[0-9]+(\.[0-9]+)? (m?)s\b/N \2s/g; s/[0-9]+\.[0-9]+/N/g; s/(ttl|TTL|for|_s\":|_ms\":|_us\":|  ) *[0-9]+/\1 N/g
         s/ +/ /g; s/20[0-9-]+T[0-9:.]+Z/NOW/g; s/^ *[0-9]+ /PID /" "$TMPDIR/said"
    echo "status $status"
}

# --- what libc answers ----------------------------------------------------------------------------------------------

it_tells_the_answers_of_the_systems_libc() {
    sed -i 's/^hosts:.*/hosts: dns/' /etc/nsswitch.conf # which musl does not read
    echo '192.0.2.55 www.example.com' >>/etc/hosts
    equal "$(getent ahostsv4 www.example.com | awk 'NR == 1 { print $1 }')  www.example.com" "$("$command" resolve -4 www.example.com)"
    sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
    equal '192.0.2.55  www.example.com' "$("$command" resolve -4 www.example.com)"
}

it_runs_no_getent_that_is_in_path() {
    make_getent "$TMPDIR/path/getent"
    PATH=$TMPDIR/path:$PATH "$command" resolve www.example.com >"$TMPDIR/answer"
    contains www.example.com "$(<"$TMPDIR/answer")"
    [[ ! -e $TMPDIR/getent-was-run ]]
}

it_runs_no_getent_that_others_can_change() {
    make_root
    make_getent "$root/usr/bin/getent"
    chmod 777 "$root/usr/bin/getent"
    explain_in_root
    contains 'there is no getent on this system' "$explained"
    contains '  libc      192.0.2.1' "$explained"
}

it_gives_getent_a_clean_environment() {
    LD_PRELOAD=$LAB_LIBRARY ORIGIN_BYPASS_HOSTS=$CDN "$command" resolve --explain -4 "$CDN" >"$TMPDIR/explained"
    contains "  libc      $EDGE_V4" "$(<"$TMPDIR/explained")"
    echo "$LAB_LIBRARY" >/etc/ld.so.preload
    "$command" resolve --explain -4 "$CDN" >"$TMPDIR/explained"
    contains "  libc      $EDGE_V4" "$(<"$TMPDIR/explained")"
}

it_tells_a_name_that_does_not_exist_from_a_failure() {
    contains 'gone.invalid: Name or service not known' "$("$command" resolve gone.invalid 2>&1)"
    contains 'www.example.com: No address associated with hostname' "$("$command" resolve -6 local.example.com 2>&1)" ||
        contains 'Name or service not known' "$("$command" resolve -6 local.example.com 2>&1)"
    stop "$LOCAL_DNS"
    contains 'www.example.com: Temporary failure in name resolution' "$("$command" resolve www.example.com 2>&1)"
}

it_says_that_getent_cannot_be_run() {
    make_root
    printf '#!/nowhere\n' >"$root/usr/bin/getent"
    chmod 755 "$root/usr/bin/getent"
    explain_in_root
    contains "  libc      this system's getent, which says what its libc answers, cannot be run or fails" "$explained"
}

# --- where there is little else -------------------------------------------------------------------------------------

it_runs_where_there_is_nothing_but_itself() {
    make_root
    rmdir "$root/usr/bin"
    equal "originbypass $("$originbypass" --version | cut -d' ' -f2)" "$(in_root /originbypass --version)"
    equal "$ORIGIN_V4  $CDN" "$(in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /originbypass resolve "$CDN")"
    contains 'good' "$(in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /originbypass check)"
    explain_in_root
    contains "  program   $ORIGIN_V4" "$explained"
    contains '  libc      192.0.2.1' "$explained"
    equal 1 "$(grep -c 'there is no getent on this system' <<<"$explained")"
    in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /originbypass doctor "$CDN" www.example.com >"$TMPDIR/report" || :
    equal 1 "$(grep -c '^note *getent: there is no getent on this system, so this command itself looks' "$TMPDIR/report")"
    contains "external DNS says $ORIGIN_V4" "$(<"$TMPDIR/report")"
}

it_serves_a_system_of_musl() {
    make_root_of_musl
    contains 'liboriginbypass.so' "$(in_root /usr/bin/originbypass env -H "$CDN")"
    equal "$ORIGIN_V4" "$(in_root /bin/sh -c "echo $CDN | originbypass run -H $CDN /asks")"
    in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /usr/bin/originbypass doctor -- /asks >"$TMPDIR/report" || :
    contains 'its loader takes /usr/lib/liboriginbypass.so' "$(<"$TMPDIR/report")"
    contains 'musl' "$(in_root /usr/bin/originbypass system enable --force 2>&1)"
}

# glibc reads this file; musl has an order of its own.
it_says_what_the_library_does_in_programs_of_musl() {
    make_root_of_musl
    echo 'precedence ::ffff:0:0/96 100' | tee "$root/etc/gai.conf" >/etc/gai.conf
    export ORIGIN_BYPASS_HOSTS=dual.example.com
    equal "$ORIGIN_V4" "$("$command" resolve dual.example.com | awk 'NR == 1 { print $1 }')"
    equal "$ORIGIN_V6" "$(in_root --setenv ORIGIN_BYPASS_HOSTS dual.example.com originbypass resolve dual.example.com | awk 'NR == 1 { print $1 }')"
}

it_refuses_a_library_that_the_loader_of_musl_does_not_take() {
    make_root_of_musl
    echo 'int missing(void); int called(void) { return missing(); }' |
        "${musl_cc[@]}" -shared -fPIC -x c -o "$root/usr/lib/liboriginbypass.so" -
    fails in_root /usr/bin/originbypass run -H "$CDN" /asks 2>"$messages"
    contains '/usr/lib/liboriginbypass.so: the loader refuses it: Error relocating' "$(<"$messages")"
    contains 'missing: symbol not found' "$(<"$messages")"
}

it_runs_no_loader_that_others_can_change() {
    make_root_of_musl
    printf '#!/bin/sh\n: >/loader-was-run\n' >"$root/lib/ld-musl-$(uname -m).so.1"
    chmod 777 "$root/lib/ld-musl-$(uname -m).so.1"
    in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /usr/bin/originbypass doctor -- /asks >"$TMPDIR/report" || :
    contains "which is not the system's own: whether it takes the library was not tried" "$(<"$TMPDIR/report")"
    in_root /usr/bin/originbypass env -H "$CDN" >/dev/null
    [[ ! -e $root/loader-was-run ]]
}

it_runs_in_a_container_whose_shell_is_busybox() {
    make_root_of_musl
    cp "$top/scripts/entrypoint" "$root/usr/bin/entrypoint"
    equal "$ORIGIN_V4" "$(in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /bin/sh -c "echo $CDN | entrypoint /asks")"
    rm "$root/usr/bin/originbypass"
    equal "$ORIGIN_V4" "$(in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /bin/sh -c "echo $CDN | entrypoint /asks")"
    equal "$ORIGIN_V4" "$(in_root /bin/sh -c "echo $CDN | entrypoint /asks")"
    equal '125 entrypoint: no host given' "$(in_root --setenv ORIGIN_BYPASS_HOSTS '' /bin/sh -c 'entrypoint true 2>&1; echo $?' | sort | paste -sd' ' | cut -d: -f1,2)"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# A getent that leaves a mark if it is run.
make_getent() {
    mkdir -p "${1%/*}"
    printf '#!/bin/sh\n: >%s/getent-was-run\nexit 2\n' "$TMPDIR" >"$1"
    chmod 755 "$1"
}

# A system with the static command, and with the files that a resolver reads.
make_root() {
    not_under foreign 'in a root of its own there is no qemu'
    needs_program bwrap
    root=$(mktemp -d "$TMPDIR/root.XXXXXX")
    chmod 755 "$root"
    mkdir -p "$root"/{etc,usr/bin}
    cp "$static" "$root/originbypass"
    echo '192.0.2.1 www.example.com' >"$root/etc/hosts"
    echo "nameserver $LOCAL_DNS" >"$root/etc/resolv.conf"
}

explain_in_root() {
    explained=$(in_root --setenv ORIGIN_BYPASS_HOSTS "$CDN" /originbypass resolve --explain "$CDN" www.example.com || :)
}

# The same with musl's loader, a program of musl, the library and busybox: much like Alpine.
make_root_of_musl() {
    local loader
    loader=/lib/ld-musl-$(uname -m).so.1
    make_root
    needs_musl
    needs_program busybox
    ! ldd "$(command -v busybox)" >/dev/null 2>&1 || skip 'busybox is not static here; scripts/install-deps check installs one'
    mkdir -p "$root"/{lib,bin,usr/lib}
    mv "$root/originbypass" "$root/usr/bin/originbypass"
    cp "$(realpath "$loader")" "$root$loader"
    cp "$(command -v busybox)" "$root/bin/busybox"
    local applet
    for applet in env true cat dirname id; do ln -s busybox "$root/bin/$applet"; done
    echo 'int main(int count, char **words) { return (void)count, words[0] = "sh", execv("/bin/busybox", words); }' |
        "${musl_cc[@]}" -include unistd.h -x c -o "$root/bin/sh" - # as Alpine's is, of musl and not static
    cp "$LAB_LIBRARY" "$root/usr/lib"
    cp "$(compiled_for_musl asks)" "$root/asks"
}

check_all "$@"
