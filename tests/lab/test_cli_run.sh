#!/usr/bin/env bash
# originbypass run and originbypass env: a program with the library.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"

nobody=65534

# --- the environment -------------------------------------------------------------------------------------------------

it_runs_a_program_with_the_library() {
    contains '"server":"origin"' "$("$originbypass" run -H "$CDN" -- curl -sS "https://$CDN/" 2>"$messages")"
    nobody_asked "$LOCAL_DNS"
    quiet
}

it_takes_hosts_and_upstreams_from_several_options() {
    equal "$ORIGIN_V4" "$("$originbypass" run -H a.example.com,b.example.com -H "$CDN" -u 1.1.1.1 getent ahostsv4 "$CDN" |
        head -n 1 | cut -d ' ' -f 1)"
    nobody_asked 8.8.8.8 "$LOCAL_DNS"
    contains "ORIGIN_BYPASS_UPSTREAMS=1.1.1.1 8.8.8.8" "$("$originbypass" run -H "$CDN" -u 1.1.1.1 -u 8.8.8.8 env)"
}

it_takes_a_configuration_file_by_a_relative_path_and_keeps_its_links() {
    mkdir "$TMPDIR/real"
    echo 'hosts = ( "cdn.example.com" );' >"$TMPDIR/real/a.conf"
    ln -s real "$TMPDIR/linked"
    cd "$TMPDIR"
    contains "ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/linked/a.conf" "$("$originbypass" run -c linked/a.conf env)"
    contains '"server":"origin"' "$("$originbypass" run -c linked/a.conf curl -sS "https://$CDN/")"
}

it_warns_of_a_variable_whose_name_is_misspelt() {
    contains 'warning: ORIGIN_BYPASS_UPSTREAM is not read: did you mean ORIGIN_BYPASS_UPSTREAMS?' \
        "$(ORIGIN_BYPASS_UPSTREAM=9.9.9.9 "$originbypass" run -H "$CDN" true 2>&1)"
    equal '' "$(ORIGIN_BYPASS_UPSTREAM=9.9.9.9 "$originbypass" run -q -H "$CDN" true 2>&1)"
}

it_knows_which_command_was_meant() {
    local status=0
    "$originbypass" docter 2>"$messages" || status=$?
    equal 2 "$status"
    contains "there is no command 'docter': did you mean doctor?" "$(<"$messages")"
    "$originbypass" install 2>"$messages" || :
    lacks 'did you mean' "$(<"$messages")"
}

it_says_as_much_as_the_options_ask_for() {
    equal '' "$("$originbypass" run -H "$CDN" getent hosts "$CDN" 2>&1 >"$TMPDIR/said")"
    "$originbypass" run -v -H "$CDN" getent ahosts "$CDN" 2>"$messages"
    equal "info configuration in effect hostname=None
info resolved origin IP hostname=$CDN" "$(said hostname)"
    contains 'ORIGIN_BYPASS_LOG_LEVEL=debug' "$("$originbypass" run -vv -H "$CDN" env)"
    equal '' "$("$originbypass" run -q -H nosuch.example.com -u 127.0.0.9 getent ahosts nosuch.example.com 2>&1)"
}

it_keeps_what_is_in_ld_preload_behind_the_library_and_lists_itself_once() {
    local other=$TMPDIR/libother.so
    echo 'int other_library;' | cc -shared -fPIC -x c -o "$other" -
    contains "LD_PRELOAD=$LAB_LIBRARY:$other" "$(LD_PRELOAD=$other "$originbypass" run -H "$CDN" env)"
    equal "LD_PRELOAD=$LAB_LIBRARY" \
        "$("$originbypass" run -H "$CDN" -- "$originbypass" run -- env | grep ^LD_PRELOAD)"
    equal "LD_PRELOAD=$LAB_LIBRARY:$LAB_LIBRARY.not" \
        "$(LD_PRELOAD=$LAB_LIBRARY.not "$originbypass" run -H "$CDN" -- env 2>"$messages" | grep ^LD_PRELOAD)"
}

it_becomes_the_program_and_passes_arguments_on() {
    # shellcheck disable=SC2016 # for the inner shell
    equal 1 "$(sh -c 'echo $$; exec "$@"' sh "$originbypass" run -H "$CDN" sh -c 'echo $$' | uniq | wc -l)"
    equal $'[a  b]\n[]\n[-v]\n[--]' "$("$originbypass" run -H "$CDN" printf '[%s]\n' 'a  b' '' -v --)"
    equal '[--help]' "$("$originbypass" run -H "$CDN" -- printf '[%s]\n' --help)"
    equal abc "$(echo abc | "$originbypass" run -H "$CDN" cat)"
}

# --- finding the library ---------------------------------------------------------------------------------------------

it_finds_the_library_beside_itself_and_in_the_library_directory() {
    mkdir -p "$TMPDIR"/prefix/{bin,lib}
    cp "$originbypass" "$TMPDIR/prefix/bin"
    cp "$LAB_LIBRARY" "$TMPDIR/prefix/lib/liboriginbypass.so"
    equal "LD_PRELOAD=$TMPDIR/prefix/lib/liboriginbypass.so" "$(preload_of "$TMPDIR/prefix/bin/originbypass")"
    ln -s "$TMPDIR/prefix/bin/originbypass" "$TMPDIR/link"
    equal "LD_PRELOAD=$TMPDIR/prefix/lib/liboriginbypass.so" "$(env PATH="$TMPDIR:$PATH" link run -H "$CDN" env | grep ^LD_PRELOAD)"
    cp "$LAB_LIBRARY" "$TMPDIR/prefix/bin/liboriginbypass.so"
    equal "LD_PRELOAD=$TMPDIR/prefix/bin/liboriginbypass.so" "$(cd / && preload_of "$TMPDIR/prefix/bin/originbypass")"
    equal "LD_PRELOAD=$LAB_LIBRARY" "$(ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY preload_of "$TMPDIR/prefix/bin/originbypass")"
    cd "$TMPDIR/prefix"
    equal "LD_PRELOAD=$TMPDIR/prefix/lib/liboriginbypass.so" \
        "$(ORIGIN_BYPASS_LIBRARY=lib/liboriginbypass.so preload_of "$originbypass")"
}

it_finds_the_library_where_distributions_put_it() {
    mkdir -p "$TMPDIR"/{bin,usrlib/x86_64-linux-gnu}
    cp "$originbypass" "$TMPDIR/bin"
    cp "$LAB_LIBRARY" "$TMPDIR/usrlib/x86_64-linux-gnu/liboriginbypass.so"
    mount -n --rbind "$TMPDIR/usrlib" /usr/local/lib
    cp "$LAB_LIBRARY" "$TMPDIR/usrlib/liboriginbypass.so"
    local found
    found=$(preload_of "$TMPDIR/bin/originbypass") || :
    umount -n /usr/local/lib
    equal LD_PRELOAD=/usr/local/lib/liboriginbypass.so "$found"
}

it_needs_no_proc() {
    # shellcheck disable=SC2016 # expanded in there
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY unshare --mount bash -c 'mount -n -t tmpfs none /proc && exec "$@"' - \
        "$originbypass" run -H "$CDN" getent ahostsv4 "$CDN" 2>"$messages" | awk 'NR == 1 { print $1 }')"
}

it_runs_nothing_without_a_library_that_the_loader_takes() {
    mkdir -p "$TMPDIR/alone"
    cp "$originbypass" "$TMPDIR/alone/originbypass"
    exits_with 125 "$TMPDIR/alone/originbypass" run -H "$CDN" echo was run
    contains "no liboriginbypass.so beside $TMPDIR/alone/originbypass" "$(<"$messages")"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/missing.so refuses "$TMPDIR/missing.so: no such file" -H "$CDN"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR refuses "$TMPDIR: not a regular file" -H "$CDN"
    echo 'no library' >"$TMPDIR/broken.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so refuses "$TMPDIR/broken.so: not a shared object (ELF file)" -H "$CDN"
    : >"$TMPDIR/broken.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so refuses "$TMPDIR/broken.so: the file is empty" -H "$CDN"
    head -c 1000 "$LAB_LIBRARY" >"$TMPDIR/broken.so"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so refuses "$TMPDIR/broken.so: the file is cut off" -H "$CDN"
    echo 'int missing(void); int here(void) { return missing(); }' | cc -shared -fPIC -Wl,-z,now -x c -o "$TMPDIR/broken.so" -
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/broken.so refuses "$TMPDIR/broken.so: the loader refuses it: " -H "$CDN"
    cp "$LAB_LIBRARY" "$TMPDIR/a b.so"
    ORIGIN_BYPASS_LIBRARY="$TMPDIR/a b.so" refuses 'cannot name a path with a space' -H "$CDN"
}

# --- mistakes --------------------------------------------------------------------------------------------------------

it_runs_nothing_without_a_host() {
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/missing refuses "$TMPDIR/missing: "
    ORIGIN_BYPASS_CONFIG_FILE=missing refuses 'ORIGIN_BYPASS_CONFIG_FILE: no absolute path'
    ORIGIN_BYPASS_HOSTS='' refuses 'no host given: set ORIGIN_BYPASS_HOSTS, or use -H'
    equal 'was run' "$(ORIGIN_BYPASS_DISABLED=1 "$originbypass" run echo was run)"
}

it_leads_away_from_the_cdn_if_nothing_is_configured() {
    contains '"server":"origin"' "$("$originbypass" run -- curl -sS --max-time 20 "https://$CDN/" 2>"$messages")"
    quiet
    equal 'ORIGIN_BYPASS_HOSTS=auto' "$("$originbypass" run env | grep ^ORIGIN_BYPASS)"
    equal ran "$("$originbypass" run -v echo ran 2>"$messages")"
    contains 'no host given: external DNS is asked for every name that libc leads to a CDN (-H auto)' "$(<"$messages")"
    mkdir /etc/originbypass
    echo "hosts = ( \"$CDN\" );" >/etc/originbypass/originbypass.conf
    equal '' "$("$originbypass" run env | grep ^ORIGIN_BYPASS || :)"
}

# As in an env file with Windows line endings.
it_warns_of_a_configuration_that_lists_no_host_and_runs_the_program() {
    echo 'hosts = ( );' >"$TMPDIR/empty.conf"
    equal ran "$("$originbypass" run -c "$TMPDIR/empty.conf" echo ran 2>"$messages")"
    contains "warning: no host is listed in $TMPDIR/empty.conf: libc answers every lookup" "$(<"$messages")"
    equal ran "$("$originbypass" run -q -c "$TMPDIR/empty.conf" echo ran 2>"$messages")"
    quiet
}

it_takes_a_carriage_return_at_the_end_of_a_variable_for_white_space() {
    ORIGIN_BYPASS_HOSTS=$'\r' refuses 'no host given'
    equal 'was run' "$(ORIGIN_BYPASS_DISABLED=$'yes\r' "$originbypass" run echo was run)"
    equal "$LAB_LIBRARY" "$(ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY$'\r' "$originbypass" run -H "$CDN" printenv LD_PRELOAD)"
    contains "$ORIGIN_V4" "$(ORIGIN_BYPASS_HOSTS=$CDN$'\r' ORIGIN_BYPASS_UPSTREAMS=$'1.1.1.1\r' \
        "$originbypass" run getent ahosts "$CDN")"
}

it_tells_a_mistake_in_an_option_at_once() {
    refuses '-H: "a..b" has an empty label' -H a..b
    refuses '-u: "dns.example.com" is not an IP address' -H "$CDN" -u dns.example.com
    refuses "$TMPDIR/missing: " -H "$CDN" -c "$TMPDIR/missing"
    printf 'hosts = ( "a.example.com" );\nupstreams = [ "x" ];\nfallback = "perhaps";\n' >"$TMPDIR/wrong.conf"
    refuses "$TMPDIR/wrong.conf:2: \"x\" is not an IP address" -c "$TMPDIR/wrong.conf"
    contains "$TMPDIR/wrong.conf:3: " "$(<"$messages")"
}

it_leaves_a_mistake_in_the_environment_to_the_library() {
    equal 'was run' "$(ORIGIN_BYPASS_HOSTS=a..b "$originbypass" run echo was run 2>"$messages")"
    quiet
    ORIGIN_BYPASS_HOSTS=a..b "$originbypass" run getent ahosts "$CDN" 2>"$messages"
    equal 'error configuration refused variable=ORIGIN_BYPASS_HOSTS' "$(said variable)"
}

it_does_nothing_to_a_terminal_with_what_it_complains_of() {
    refuses '\x1b' -H $'\e[31m.example.com'
    lacks $'\e' "$(<"$messages")"
}

it_exits_as_env_does() {
    local program status=0
    for program in /no/such/program no-such-program /etc/hosts /etc; do
        env "$program" || status=$?
        exits_with "$status" "$originbypass" run -H "$CDN" "$program"
        contains "originbypass run: $program: " "$(<"$messages")"
    done
    exits_with 127 "$originbypass" run -H "$CDN" /no/such/program
    exits_with 126 "$originbypass" run -H "$CDN" /etc/hosts
    exits_with 42 "$originbypass" run -H "$CDN" sh -c 'exit 42'
    exits_with 125 "$originbypass" run -H "$CDN"
    contains 'no program to run' "$(<"$messages")"
    exits_with 125 "$originbypass" run -x
    contains '-x is not an option' "$(<"$messages")"
    exits_with 125 "$originbypass" run -H
    contains '-H needs a value' "$(<"$messages")"
    exits_with 0 "$originbypass" run --help
}

# --- programs out of reach -------------------------------------------------------------------------------------------

it_has_nothing_to_say_of_a_program_within_reach() {
    "$originbypass" run -H "$CDN" true 2>"$messages"
    quiet
    script "$TMPDIR/script" "$(command -v bash)"
    "$originbypass" run -H "$CDN" "$TMPDIR/script" 2>"$messages"
    quiet
}

it_warns_of_a_static_program_and_runs_it() {
    program static -static
    warns_of "$TMPDIR/static" 'is linked statically'
    contains '--private-hosts may help' "$(<"$messages")"
    program static-pie -static-pie
    warns_of "$TMPDIR/static-pie" 'is linked statically'
    equal '' "$("$originbypass" run -q -H "$CDN" "$TMPDIR/static" 2>&1)"
}

it_has_nothing_to_say_of_a_static_program_that_only_starts_another() {
    program static -static
    cp "$TMPDIR/static" "$TMPDIR/tini"
    "$originbypass" run -H "$CDN" "$TMPDIR/tini" -- true 2>"$messages"
    quiet
}

it_follows_the_interpreters_of_scripts() {
    program static -static
    script "$TMPDIR/inner" "$TMPDIR/static"
    script "$TMPDIR/outer" " $TMPDIR/inner  argument"
    warns_of "$TMPDIR/outer" "is run by $TMPDIR/static, which is linked statically"
    script "$TMPDIR/by-env" '/usr/bin/env -S A=b static argument'
    PATH=$TMPDIR:$PATH warns_of "$TMPDIR/by-env" "is run by $TMPDIR/static, which is linked statically"
    script "$TMPDIR/endless" "$TMPDIR/endless"
    exits_with 126 "$originbypass" run -H "$CDN" "$TMPDIR/endless"
}

it_says_that_a_static_shell_is_not_served_and_what_its_script_starts_is() {
    if [[ ! -x /usr/bin/busybox ]] || readelf -l /usr/bin/busybox | grep -q INTERP; then skip 'there is no static busybox'; fi
    printf '#!/usr/bin/busybox sh\nexec getent ahostsv4 %s\n' "$CDN" >"$TMPDIR/entrypoint"
    chmod 755 "$TMPDIR/entrypoint"
    contains "$ORIGIN_V4" "$("$originbypass" run -H "$CDN" "$TMPDIR/entrypoint" 2>"$messages")"
    contains 'is run by /usr/bin/busybox, which is linked statically' "$(<"$messages")"
    contains 'the library cannot answer what that looks up itself, and can answer the programs that the script starts' "$(<"$messages")"
    lacks 'cannot answer it' "$(<"$messages")"
}

it_warns_of_the_program_that_another_one_only_starts() {
    program tini -static
    program static -static
    "$originbypass" run -H "$CDN" "$TMPDIR/tini" -- true 2>"$messages"
    quiet
    "$originbypass" run -H "$CDN" timeout 60 "$TMPDIR/static" 2>"$messages"
    contains "warning: $TMPDIR/static is linked statically" "$(<"$messages")"
    "$originbypass" run -H "$CDN" "$(readelf -p .interp /bin/sh | grep -o '/.*')" "$(type -P true)" 2>"$messages"
    quiet
}

it_finds_the_program_in_path_as_execvp_does() {
    program static -static
    mkdir -p "$TMPDIR/not-executable" "$TMPDIR/directory/static"
    cp "$TMPDIR/static" "$TMPDIR/not-executable/static"
    chmod 644 "$TMPDIR/not-executable/static"
    PATH=$TMPDIR/not-executable:$TMPDIR/directory:$TMPDIR:$PATH
    "$originbypass" run -H "$CDN" static 2>"$messages"
    contains "warning: $TMPDIR/static is linked statically" "$(<"$messages")"
    cd "$TMPDIR"
    PATH=/nowhere:$PATH::
    PATH=:/usr/bin:/bin "$originbypass" run -H "$CDN" static 2>"$messages"
    contains "warning: static is linked statically" "$(<"$messages")"
}

# Its loader would end it with errors about the library.
it_does_not_start_a_program_of_another_libc_or_architecture() {
    program plain
    cp "$(readelf -p .interp "$TMPDIR/plain" | grep -o '/.*')" "$TMPDIR/ld-other.so.1" # a loader that has the name of another libc's
    program other -Wl,--dynamic-linker="$TMPDIR/ld-other.so.1"
    "$TMPDIR/other"
    is_not_started "$TMPDIR/other" "$TMPDIR/other has a libc that is neither glibc nor musl, so it cannot be started with it"
    script "$TMPDIR/by-other" "$TMPDIR/other"
    is_not_started "$TMPDIR/by-other" "$TMPDIR/other has a libc that"
    program foreign
    printf '\xff\x7f' | dd of="$TMPDIR/foreign" bs=1 seek=18 conv=notrunc status=none # e_machine
    is_not_started "$TMPDIR/foreign" "$TMPDIR/foreign is made for another CPU (this library is for $this_cpu, the program for a CPU with the ELF number 32767), so it cannot"
    printf '\xf3\x00' | dd of="$TMPDIR/foreign" bs=1 seek=18 conv=notrunc status=none
    is_not_started "$TMPDIR/foreign" "$TMPDIR/foreign is made for another CPU (this library is for $this_cpu, the program for RISC-V)"
    "$originbypass" run -H "$CDN" --private-hosts "$TMPDIR/other"
}

is_not_started() {
    exits_with 125 "$originbypass" run -q -H "$CDN" "$1"
    contains "$2" "$(<"$messages")"
    contains 'with --private-hosts it is started without the library' "$(<"$messages")"
}

it_starts_a_program_of_musl() {
    command -v musl-gcc >/dev/null || skip 'musl-gcc is not installed'
    musl-gcc -D_GNU_SOURCE -o "$TMPDIR/of-musl" "$lab/caller.c"
    equal "$ORIGIN_V4" "$("$originbypass" run -H "$CDN" "$TMPDIR/of-musl" getaddrinfo "$CDN" inet 2>"$messages")"
    quiet
    "$originbypass" run -H "$CDN" --private-hosts "$TMPDIR/of-musl" getaddrinfo "$CDN" inet
}

it_warns_of_a_library_that_resolves_by_itself() {
    program with-resolver -Wl,--no-as-needed -lcares
    warns_of "$TMPDIR/with-resolver" 'is linked with a library that resolves names by itself'
}

# The advice in the warning works: with it, the program does not end, and gets an answer.
it_warns_of_a_program_with_addresssanitizer_and_says_what_to_set() {
    cc -D_GNU_SOURCE -fsanitize=address -pthread -o "$TMPDIR/sanitized" "$lab/caller.c" 2>/dev/null ||
        skip 'the compiler has no AddressSanitizer'
    local sanitizer run=("$originbypass" run -H "$CDN" "$TMPDIR/sanitized" getaddrinfo "$CDN" inet)
    sanitizer=$(ldd "$TMPDIR/sanitized" | sed -n 's/^\t\(libasan[^ ]*\|libclang_rt.asan[^ ]*\) .*/\1/p')
    [[ $sanitizer ]] || skip 'the sanitizer is linked into the program'
    fails "${run[@]}" 2>"$messages"
    contains "warning: $TMPDIR/sanitized is built with AddressSanitizer, which ends it if its own library does not come first: $sanitizer; set ASAN_OPTIONS=verify_asan_link_order=0" "$(<"$messages")"
    equal "$ORIGIN_V4" "$(ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 "${run[@]}" 2>"$messages")"
    quiet
    equal "$ORIGIN_V4" "$(ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD="$sanitizer $LAB_LIBRARY" "${run[@]}" 2>"$messages")"
    quiet
}

it_warns_of_programs_for_which_the_loader_ignores_ld_preload() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    program plain
    cp "$TMPDIR/plain" "$TMPDIR/setuid"
    chmod u+s "$TMPDIR/setuid"
    cp "$TMPDIR/plain" "$TMPDIR/capable"
    setcap cap_net_bind_service+ep "$TMPDIR/capable"
    chmod 755 "$TMPDIR"
    as_nobody=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups)
    warns_of "$TMPDIR/setuid" 'is setuid or setgid'
    warns_of "$TMPDIR/capable" 'has file capabilities'
    as_nobody=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --no-new-privs)
    "${as_nobody[@]}" "$originbypass" run -H "$CDN" "$TMPDIR/setuid" 2>"$messages"
    quiet
    as_nobody=()
    "$originbypass" run -H "$CDN" "$TMPDIR/setuid" 2>"$messages"
    "$originbypass" run -H "$CDN" "$TMPDIR/capable" 2>"$messages"
    quiet
}

it_says_that_it_knows_nothing_of_a_program_that_it_can_not_read() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    program unreadable
    chmod 111 "$TMPDIR/unreadable"
    as_nobody=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups)
    warns_of "$TMPDIR/unreadable" 'cannot be read'
}

it_warns_of_a_program_that_the_configuration_leaves_alone() {
    printf 'import socket\nprint(socket.getaddrinfo("%s", 80)[0][4][0])\n' "$CDN" >"$TMPDIR/body"
    for name in served left-alone; do
        script "$TMPDIR/$name" "$python"
        cat "$TMPDIR/body" >>"$TMPDIR/$name"
    done
    cat >"$TMPDIR/programs.conf" <<END
hosts = ( "$CDN" );
programs = { exclude = [ "*/getent:ahostsv6", "*:*/left-alone", "/usr/bin/true" ]; };
END
    leaves_alone no getent ahostsv4 "$CDN"
    leaves_alone yes getent ahostsv6 "$CDN"
    leaves_alone no "$TMPDIR/served"
    leaves_alone yes "$TMPDIR/left-alone"
    leaves_alone yes /bin/true
    "$originbypass" run -q -c "$TMPDIR/programs.conf" /bin/true 2>"$messages"
    quiet
}

# leaves_alone yes|no PROGRAM [ARGUMENT...]: the command says so, and the library does so.
leaves_alone() {
    local found
    found=$("$originbypass" run -c "$TMPDIR/programs.conf" "${@:2}" 2>"$messages")
    if [[ $1 == no ]]; then
        quiet
        contains "$ORIGIN_V4" "$found"
    else
        contains "warning: \"programs\" in $TMPDIR/programs.conf leaves $(command -v "$2") alone" "$(<"$messages")"
        lacks "$ORIGIN_V4" "$found"
        lacks "$ORIGIN_V6" "$found"
    fi
}

# --- env -------------------------------------------------------------------------------------------------------------

it_prints_what_run_would_set_for_a_shell() {
    equal "export ORIGIN_BYPASS_HOSTS='$CDN *.example.net'
export ORIGIN_BYPASS_UPSTREAMS='1.1.1.1'
export ORIGIN_BYPASS_LOG_LEVEL='info'
export LD_PRELOAD='$LAB_LIBRARY'" "$("$originbypass" env -v -H "$CDN *.example.net" -u 1.1.1.1 | cat)"
    contains '"server":"origin"' "$(eval "$("$originbypass" env -H "$CDN")" && curl -sS "https://$CDN/")"
    equal "$LAB_LIBRARY" "$(eval "$("$originbypass" env -H "$CDN")" && eval "$("$originbypass" env)" && echo "$LD_PRELOAD")"
}

it_quotes_for_any_posix_shell() {
    local directory="$TMPDIR/it's \$HOME; *" shell
    mkdir -p "$directory"
    echo 'hosts = ( "cdn.example.com" );' >"$directory/a.conf"
    for shell in sh bash dash; do
        command -v "$shell" >/dev/null || continue
        # shellcheck disable=SC2016 # for the inner shell
        equal "$directory/a.conf" "$("$shell" -c 'eval "$("$@")" && printf %s "$ORIGIN_BYPASS_CONFIG_FILE"' - \
            "$originbypass" env -c "$directory/a.conf")"
    done
}

it_prints_nothing_where_run_would_run_nothing() {
    prints_nothing 1
    contains 'originbypass env: no host given' "$(<"$messages")"
    prints_nothing 1 -H a..b
    ORIGIN_BYPASS_LIBRARY=/missing prints_nothing 1 -H "$CDN"
    prints_nothing 2 -H "$CDN" argument
    prints_nothing 2 -x
    exits_with 1 "$originbypass" env -H "$CDN" >/dev/full
    contains 'standard output: No space left on device' "$(<"$messages")"
}

# --- helpers ---------------------------------------------------------------------------------------------------------

exits_with() {
    local expected=$1 status=0
    "${@:2}" 2>"$messages" || status=$?
    equal "$expected" "$status"
}

# refuses COMPLAINT OPTION...
refuses() {
    exits_with 125 "$originbypass" run "${@:2}" -- touch "$TMPDIR/was-run"
    fails test -e "$TMPDIR/was-run"
    contains "$1" "$(<"$messages")"
}

# prints_nothing STATUS OPTION...
prints_nothing() {
    exits_with "$1" "$originbypass" env "${@:2}" >"$TMPDIR/said"
    equal '' "$(<"$TMPDIR/said")"
    fails test -z "$(<"$messages")"
}

preload_of() { "$1" run -H "$CDN" env | grep ^LD_PRELOAD; }

as_nobody=()

# warns_of PROGRAM OBSTACLE: and still runs it.
warns_of() {
    exits_with 0 "${as_nobody[@]}" "$originbypass" run -H "$CDN" "$1"
    contains "originbypass run: warning: $1 $2" "$(<"$messages")"
}

# program NAME [FLAG...]: makes a program that does nothing.
program() { echo 'int main(void) { return 0; }' | cc -x c -o "$TMPDIR/$1" - "${@:2}"; }

script() {
    printf '#!%s\n' "$2" >"$1"
    chmod +x "$1"
}

check_all "$@"
