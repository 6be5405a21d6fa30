#!/usr/bin/env bash
# originbypass doctor --pid: is the library in a process, and is it the installed one?
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=doctor.sh
source "$lab/doctor.sh"

nobody=65534
as_nobody=(unshare --user --map-user=65534 --)
library=$TMPDIR/lib/liboriginbypass.so
export ORIGIN_BYPASS_LIBRARY=$library

it_finds_the_installed_library_in_a_process() {
    begin_with "$library"
    doctor --pid "$pid"
    finds_nothing_bad
    tells good "process $pid (sleep): has the library from $library, the installed one"
    tells note "process $pid (sleep): has looked up nothing through the library yet. Its first lookup through it will use the hosts $CDN"
    lacks '8.8.8.8' "$report"
    quiet
}

it_takes_a_copy_of_the_installed_library_for_it() {
    install_library
    cp "$library" "$TMPDIR/liboriginbypass.so.copy"
    begin_with "$TMPDIR/liboriginbypass.so.copy"
    doctor --pid "$pid"
    finds_nothing_bad
    tells good "has the library from $TMPDIR/liboriginbypass.so.copy, the installed one"
}

it_wants_a_restart_where_the_library_has_been_replaced() {
    begin_with "$library"
    install_library
    doctor --pid "$pid"
    equal 3 "$status"
    tells bad "has the library from $library, which has been replaced or deleted since; installed is $library" 'Restart the program'
}

it_wants_a_restart_where_the_library_has_been_deleted() {
    begin_with "$library"
    rm "$library"
    doctor --pid "$pid"
    equal 3 "$status"
    tells bad "has the library from $library, which has been replaced or deleted since"
}

it_wants_a_restart_where_another_library_is_installed() {
    install_library
    cp "$library" "$TMPDIR/liboriginbypass.so.old"
    echo >>"$TMPDIR/liboriginbypass.so.old"
    begin_with "$TMPDIR/liboriginbypass.so.old"
    doctor --pid "$pid"
    equal 3 "$status"
    tells bad "has the library from $TMPDIR/liboriginbypass.so.old, which is another than the installed one; installed is $library"
}

it_wants_a_restart_where_another_file_is_mounted_in_the_librarys_place() {
    begin_with "$library"
    cp "$library" "$TMPDIR/newer"
    mount --bind "$TMPDIR/newer" "$library"
    doctor --pid "$pid" || :
    umount "$library"
    equal 3 "$status"
    tells bad "has the library from $library, which has another file in its place now"
}

it_says_the_restart_in_json() {
    begin_with "$library"
    rm "$library"
    doctor --json --pid "$pid"
    equal 3 "$status"
    equal 'bad process-library 3' "$("$python" -c '
import json, sys
report = json.load(sys.stdin)
print(report["findings"][-1]["verdict"], report["findings"][-1]["check"], report["status"])' <<<"$report")"
}

it_does_not_compare_with_a_library_outside_of_the_processs_container() {
    install_library
    # shellcheck disable=SC2016 # expanded in there
    ORIGIN_BYPASS_HOSTS=$CDN unshare --mount bash -c 'mount --bind "$1" "$2" && LD_PRELOAD=$2 exec sleep 60' - \
        "$LAB_LIBRARY" "$library" &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    echo >>"$library"
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "process $pid (sleep): has the library from $library; it has mounts of its own, so it is not compared with the"
}

# --- without it -----------------------------------------------------------------------------------------------------

it_says_that_a_process_does_not_have_the_library() {
    install_library
    begin sleep 60
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (sleep): does not have the library. Start it with originbypass run"
    tells good 'its loader takes'
}

it_looks_at_a_process_of_musl_as_at_any_other() {
    command -v musl-gcc >/dev/null || skip 'musl-gcc is not installed'
    [[ $(stat -c %u /) == 0 ]] || skip "in a user namespace, the system's files do not belong to root"
    install_library
    echo 'int main(void) { for (;;) pause(); }' | musl-gcc -include unistd.h -x c -o "$TMPDIR/of-musl" -
    begin "$TMPDIR/of-musl"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (of-musl): does not have the library. Start it with originbypass run"
    tells good "$TMPDIR/of-musl: its loader takes $library, which needs musl"
    LD_PRELOAD=$library ORIGIN_BYPASS_HOSTS=$CDN begin "$TMPDIR/of-musl"
    until_true grep -q liboriginbypass "/proc/$pid/maps"
    doctor --pid "$pid"
    finds_nothing_bad
    tells good "process $pid (of-musl): has the library from $library, the installed one"
}

it_says_why_a_process_does_not_have_the_library_though_it_was_to_have_it() {
    install_library
    echo 'int main(void) { for (;;) pause(); }' | cc -static -include unistd.h -x c -o "$TMPDIR/static" -
    LD_PRELOAD=$library begin "$TMPDIR/static"
    doctor --pid "$pid"
    finds_bad 2
    tells bad "process $pid (static): does not have the library, though it was started with it in LD_PRELOAD"
    tells bad "$TMPDIR/static: is linked statically"
}

# In the words of `originbypass run`, and the same for a process, for a program and for this environment.
it_says_what_is_wrong_with_a_path_in_ld_preload() {
    local directory=$TMPDIR/preload
    mkdir -p "$directory/liboriginbypass.so.d" "$directory/with space"
    cp "$LAB_LIBRARY" "$directory/with space/liboriginbypass.so"
    : >"$directory/liboriginbypass.so.empty"
    echo text >"$directory/liboriginbypass.so.text"
    cp "$LAB_LIBRARY" "$directory/liboriginbypass.so.other"
    printf '\xff\x7f' | dd of="$directory/liboriginbypass.so.other" bs=1 seek=18 conv=notrunc status=none # e_machine
    names_the_fault "$directory/liboriginbypass.so.none" 'no such file'
    names_the_fault "$directory/liboriginbypass.so.d" 'not a regular file'
    names_the_fault "$directory/liboriginbypass.so.empty" 'the file is empty' - 'Copy the library there once more'
    names_the_fault "$directory/liboriginbypass.so.text" 'not a shared object (ELF file)'
    names_the_fault "$directory/liboriginbypass.so.other" "made for another CPU: a CPU with the ELF number 32767, not $this_cpu"
    head -c 100000 "$LAB_LIBRARY" >"$directory/liboriginbypass.so.cut"
    names_the_fault "$directory/liboriginbypass.so.cut" 'the file is cut off: it is shorter than its own headers say' dies
    names_the_fault "$directory/with space/liboriginbypass.so" 'LD_PRELOAD cannot name a path with a space or a colon'
}

names_the_fault() {
    equal "originbypass run: $1: $2" "$(ORIGIN_BYPASS_LIBRARY=$1 "$originbypass" run -H "$CDN" true 2>&1)"
    if [[ ${3-} != dies ]]; then # the loader maps the file, and the first access beyond its end is SIGBUS
        LD_PRELOAD=$1 begin sleep 60 2>/dev/null
        doctor --pid "$pid"
        equal 1 "$status"
        tells bad "process $pid (sleep): LD_PRELOAD names $1, which the loader ignores: $2" "${4-Correct the path}"
        LD_PRELOAD=$1 doctor -- true
        equal 1 "$status"
        tells bad "environment: LD_PRELOAD names $1, which the loader ignores: $2" "${4-Correct the path}"
    fi
    [[ ${3-} != dies ]] || return 0
    LD_PRELOAD=$1 ORIGIN_BYPASS_HOSTS=$CDN doctor "$CDN"
    equal 1 "$status"
    tells bad "environment: LD_PRELOAD names $1, which the loader ignores: $2"
}

# The loader leaves a mapping of the library behind, but none that is executable.
it_says_that_the_library_is_on_a_noexec_mount() {
    local fault='its file system is mounted noexec, so nothing on it can be run' remedy='Copy the library to a file system without noexec'
    install_library
    mkdir -p "$TMPDIR/noexec"
    mount -t tmpfs -o noexec tmpfs "$TMPDIR/noexec"
    cp "$LAB_LIBRARY" "$TMPDIR/noexec/liboriginbypass.so"
    LD_PRELOAD=$TMPDIR/noexec/liboriginbypass.so ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60 2>/dev/null
    doctor --pid "$pid"
    finds_bad 2
    tells bad "process $pid (sleep): does not have the library, though it was started with it in LD_PRELOAD"
    tells bad "LD_PRELOAD names $TMPDIR/noexec/liboriginbypass.so, which the loader ignores: $fault. $remedy"
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/noexec/liboriginbypass.so doctor -- true
    finds_bad 1
    tells bad "true: the loader does not take $TMPDIR/noexec/liboriginbypass.so: $fault. $remedy"
    lacks 'Build the library' "$report"
    "$originbypass" system status >"$TMPDIR/report" || :
    lacks "$TMPDIR/noexec" "$(<"$TMPDIR/report")"
    umount -l "$TMPDIR/noexec"
}

# The loader of the process waits for the test before it maps anything: it is a stand-in that runs the real one.
it_waits_for_the_loader_of_a_process_that_is_being_started() {
    install_library
    make_trap
    mkfifo "$TMPDIR/go"
    cc -nostdlib -static -O1 -DGO="\"$TMPDIR/go\"" -DLIBRARY="\"$library\"" -o "$trap/$loader_name" "$lab/late_loader.c"
    begin "$program"
    "$originbypass" doctor --pid "$pid" >"$TMPDIR/report" 2>&1 &
    local looking=$!
    until_true has_paused_or_ended "$looking"
    echo >"$TMPDIR/go"
    status=0
    wait "$looking" || status=$?
    report=$(<"$TMPDIR/report")
    finds_nothing_bad
    tells good "process $pid (sleep): has the library from $library"
}

# In nanosleep(2) or clock_nanosleep(2), by their numbers on this CPU.
has_paused_or_ended() {
    local pauses='35|230'
    [[ $(uname -m) != aarch64 ]] || pauses='101|115'
    ! kill -0 "$1" 2>/dev/null || grep -qE "^($pauses) " "/proc/$1/syscall"
}

it_says_that_the_user_of_a_process_cannot_read_the_library() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    cp "$LAB_LIBRARY" "$TMPDIR/liboriginbypass.so"
    chmod 600 "$TMPDIR/liboriginbypass.so"
    chmod 755 "$TMPDIR"
    LD_PRELOAD=$TMPDIR/liboriginbypass.so setpriv --reuid "$nobody" --clear-groups sleep 60 2>/dev/null &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid"
    tells bad "LD_PRELOAD names $TMPDIR/liboriginbypass.so, which the loader ignores: not readable for the user of the process"
}

# What counts are the rights of that user on each directory of the way, and not those of the user who asks.
it_says_that_a_directory_keeps_the_user_of_a_process_from_the_library() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    install_library
    chmod 750 "${library%/*}"
    chmod 755 "$TMPDIR"
    setpriv --reuid "$nobody" --regid "$nobody" --clear-groups sleep 60 &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid"
    finds_bad 2
    tells bad "does not have the library" 'See the finding on its program: its user may not read the library'
    tells bad "the loader does not take $library: not readable for the user of the process (the rights on ${library%/*})" \
        'chmod o+rx for a directory'
    lacks 'its loader takes' "$report"
    chmod 755 "${library%/*}"
    doctor --pid "$pid"
    finds_bad 1
    tells good "its loader takes $library"
}

it_notes_what_else_the_loader_ignores_in_ld_preload() {
    LD_PRELOAD="$LAB_LIBRARY /nowhere/libother.so" doctor -- true
    finds_nothing_bad
    tells note "LD_PRELOAD names /nowhere/libother.so, which the loader ignores: no such file"
    LD_PRELOAD="$LAB_LIBRARY:liboriginbypass.so" doctor -- true # searched for by the loader
    lacks 'LD_PRELOAD names' "$report"
}

it_takes_a_missing_library_for_ours_where_no_other_one_is() {
    LD_PRELOAD=/opt/lib/bypass.so doctor -- true
    finds_bad 1
    tells bad 'environment: LD_PRELOAD names /opt/lib/bypass.so, which the loader ignores: no such file' 'Correct the path'
    trap 'rm -f /etc/ld.so.preload' EXIT # of the lab
    echo "$LAB_LIBRARY" >/etc/ld.so.preload
    LD_PRELOAD=/opt/lib/bypass.so doctor -- true
    finds_nothing_bad
    tells note 'environment: LD_PRELOAD names /opt/lib/bypass.so'
}

it_says_what_the_loader_ignores_in_the_list_of_the_machine() {
    trap 'rm -f /etc/ld.so.preload' EXIT # of the lab
    printf '%s\r\n' "$LAB_LIBRARY" >/etc/ld.so.preload
    doctor_of "$CDN" "$CDN"
    finds_bad 1
    tells bad "/etc/ld.so.preload: names $LAB_LIBRARY\\x0d, which the loader ignores: its line ends with a carriage return. Save it with Unix line endings"
    printf '%s\n' /nowhere/liboriginbypass.so /nowhere/libother.so libc.so.6 >/etc/ld.so.preload
    doctor_of "$CDN" "$CDN"
    finds_bad 1
    tells bad '/etc/ld.so.preload: names /nowhere/liboriginbypass.so, which the loader ignores: no such file' 'originbypass system enable'
    tells note '/etc/ld.so.preload: names /nowhere/libother.so, which the loader ignores: no such file'
    lacks libc.so.6 "$report"
}

it_says_of_a_process_what_its_loader_ignores_in_the_list_of_the_machine() {
    trap 'rm -f /etc/ld.so.preload' EXIT # of the lab
    printf '%s\r\n' "$LAB_LIBRARY" >/etc/ld.so.preload
    begin sleep 60 2>/dev/null
    doctor --pid "$pid"
    equal 1 "$status"
    tells bad "process $pid: /etc/ld.so.preload names $LAB_LIBRARY\\x0d, which the loader ignores: its line ends with a carriage return"
    lacks 'the loader does not take' "$report"
}

it_says_that_a_user_may_not_read_the_list_of_the_machine() {
    [[ $EUID == 0 && $(</proc/self/uid_map) == *4294967295* ]] || skip 'there is no second user in this user namespace'
    trap 'rm -f /etc/ld.so.preload' EXIT # of the lab
    install -m 600 /dev/null /etc/ld.so.preload
    echo "$LAB_LIBRARY" >/etc/ld.so.preload
    setpriv --reuid 65534 --regid 65534 --clear-groups sleep 60 &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid"
    equal 1 "$status"
    tells bad "process $pid: /etc/ld.so.preload names the library, and the loader of this process ignores it: its user may not read it" 'chmod 644'
}

# As nginx does with its title.
it_takes_musl_for_no_neighbour_where_the_environment_is_overwritten() {
    [[ -n $(command -v musl-gcc) ]] || skip 'musl-gcc is not installed'
    printf '%s\n' '#include <string.h>' '#include <unistd.h>' 'extern char **environ;' 'int main(void) {' \
        'for (char **e = environ; *e; e++) memset(*e, 0, strlen(*e));' 'for (;;) sleep(60); }' |
        musl-gcc -x c -o "$TMPDIR/overwriter" -
    LD_PRELOAD=$LAB_LIBRARY ORIGIN_BYPASS_HOSTS=$CDN begin "$TMPDIR/overwriter"
    until_true is_overwritten
    doctor --pid "$pid"
    contains 'has the library from' "$report"
    lacks 'which defines getaddrinfo' "$report"
}

is_overwritten() { ! grep -q LD_PRELOAD "/proc/$pid/environ"; }

it_says_that_a_process_keeps_pinned_answers() {
    configure "hosts = ( \"$CDN\" ); cache = { mode = \"pinned\"; };"
    LD_PRELOAD=$LAB_LIBRARY begin sleep 60
    doctor --pid "$pid" "$CDN"
    tells note "$CDN: process $pid keeps the addresses that it got first until it ends (cache.mode = \"pinned\")" 'restart it'
    configure "hosts = ( \"$CDN\" );"
    doctor --pid "$pid" "$CDN"
    lacks 'pinned' "$report"
}

# The real loader starts the program; the trap replaces it afterwards.
it_runs_no_loader_that_a_process_names() {
    install_library
    make_trap
    mv "$trap/$loader_name" "$trap/waiting"
    ln -s "$(readelf -p .interp /bin/sh | grep -o '/.*')" "$trap/$loader_name"
    begin "$program"
    mv "$trap/waiting" "$trap/$loader_name"
    doctor --pid "$pid"
    was_not_trapped
    tells bad "process $pid (trapped): does not have the library"
    tells note "names $trap/$loader_name for its loader"
}

it_loads_no_auditor_that_a_process_names() {
    install_library
    make_audit_trap
    begin "$program"
    rm "$trap/sprung"
    doctor --pid "$pid"
    was_not_trapped
}

it_compares_a_library_whose_path_has_a_newline_in_it() {
    local odd=$TMPDIR/$'odd\nname'
    install_library
    mkdir "$odd" "$TMPDIR/odd\\012name"
    ln -s /dev/zero "$TMPDIR/odd\\012name/liboriginbypass.so" # as the kernel writes the path
    cp "$library" "$odd/liboriginbypass.so"
    LD_PRELOAD=$odd/liboriginbypass.so ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    tells good 'odd\x0aname/liboriginbypass.so, the installed one'
}

# A file mounted over the library takes its path, and the kernel still shows that path for the mapping.
it_reads_nothing_but_a_file_in_the_place_of_a_mapped_library() {
    local other=$TMPDIR/other
    mkdir "$other"
    mkfifo "$other/pipe"
    cp "$LAB_LIBRARY" "$other/large"
    truncate -s 1T "$other/large"
    for other in "$other/pipe" /dev/zero "$other/large"; do
        begin_with "$library"
        mount --bind "$other" "$library"
        says_of_the_mapped_library 'which has something else in its place now'
        umount "$library"
    done
}

it_follows_no_link_in_the_place_of_a_mapped_library() {
    begin_with "$library"
    mount -t tmpfs tmpfs "${library%/*}"
    ln -s "$LAB_LIBRARY" "$library"
    says_of_the_mapped_library 'which has something else in its place now'
    umount "${library%/*}"
}

# says_of_the_mapped_library WORDS: the report on the library at $library in process $pid has these words.
says_of_the_mapped_library() {
    local taken=0
    report=$(ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY timeout 60 "$originbypass" doctor --pid "$pid" 2>"$messages") || taken=$?
    equal 3 "$taken"
    tells bad "has the library from $library, $1"
    timeout 60 "$originbypass" system status >/dev/null || (($? < 124))
}

it_reads_no_configuration_of_a_process_but_a_file() {
    mkfifo "$TMPDIR/pipe.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/pipe.conf begin_with "$library"
    doctor --pid "$pid"
    tells bad "its configuration is refused, so libc answers every call: $TMPDIR/pipe.conf: this is not a regular file"
}

it_follows_the_links_of_a_process_within_its_root_or_not_at_all() {
    local jail=$TMPDIR/jail upwards=/../../../../../.. without
    without=$(compiled without_openat2 -shared -fPIC)
    mkdir -p "$TMPDIR/outside" "$jail$TMPDIR/inside"
    echo 'programs = { exclude = [ "*" ]; };' >"$TMPDIR/outside/own.conf"
    cp "$TMPDIR/outside/own.conf" "$jail$TMPDIR/inside"
    ln -s "$TMPDIR/outside" "$jail/out"
    ln -s "$TMPDIR/inside" "$jail/in"

    is_left_alone_by "$TMPDIR/inside/own.conf"
    is_left_alone_by /in/own.conf
    fails is_left_alone_by /out/own.conf
    fails is_left_alone_by "$upwards$TMPDIR/outside/own.conf"

    [[ ${COMMAND-} != static ]] || return 0 # nothing can be preloaded into it
    export LD_PRELOAD=$without
    is_left_alone_by "$TMPDIR/inside/own.conf"
    fails is_left_alone_by /in/own.conf
    fails is_left_alone_by /out/own.conf
    fails is_left_alone_by "$upwards$TMPDIR/outside/own.conf"
}

# is_left_alone_by FILE: doctor says so of a process in the jail; the file is named as it is seen in there.
is_left_alone_by() {
    begin_in_jail "$1"
    doctor --pid "$pid"
    kill "$pid"
    wait "$pid" || :
    tells note "will be left alone by \"programs\" in $1 once it is restarted"
}

# The program is in the jail once it has answered.
begin_in_jail() {
    # shellcheck disable=SC2154 # the test before
    coproc jailed { exec env LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_CONFIG_FILE="$1" "$(compiled asks)" "$jail"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$jailed_PID
    echo name.invalid >&"${jailed[1]}"
    read -r <&"${jailed[0]}"
}

it_says_that_a_process_has_the_library_switched_off() {
    ORIGIN_BYPASS_DISABLED=1 begin_with "$library"
    doctor --pid "$pid"
    finds_bad 1
    tells bad 'was started with ORIGIN_BYPASS_DISABLED'
}

it_says_that_a_process_was_started_without_a_configuration() {
    install_library
    LD_PRELOAD=$library begin sleep 60
    doctor --pid "$pid"
    finds_bad 1
    tells bad 'was started without hosts and without /etc/originbypass/originbypass.conf: libc answers every call' \
        'Set ORIGIN_BYPASS_HOSTS where it is started'
}

it_says_that_the_configuration_leaves_a_process_alone() {
    configure 'programs = { exclude = [ "*/sleep:60" ]; };'
    begin_with "$library"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (sleep): is left alone by \"programs\" in /etc/originbypass/originbypass.conf"
    configure 'programs = { exclude = [ "*/sleep:61" ]; };' # which counts at the next start
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (sleep): is left alone by \"programs\" in its configuration file" 'and restart it'
    echo 'programs = { exclude = [ "*/sleep" ]; };' >"$TMPDIR/own.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/own.conf begin_with "$library"
    doctor --pid "$pid"
    tells bad "process $pid (sleep): is left alone by \"programs\" in $TMPDIR/own.conf"
    ln -s own.conf "$TMPDIR/linked.conf" # as in a ConfigMap
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/linked.conf begin_with "$library"
    doctor --pid "$pid"
    tells bad "process $pid (sleep): is left alone by \"programs\" in $TMPDIR/linked.conf"
}

# --- its neighbours ---------------------------------------------------------------------------------------------------

it_notes_a_library_that_gets_the_lookups_of_a_process_first() {
    local wrapper=$TMPDIR/libwrapper.so
    install_library
    echo 'int getaddrinfo(void) { return -1; }' | cc -shared -fPIC -x c -o "$wrapper" -
    LD_PRELOAD="$wrapper $library" ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "process $pid (sleep): has $wrapper before the library, which defines getaddrinfo" 'Name liboriginbypass.so first in LD_PRELOAD'
    LD_PRELOAD="$library $wrapper" ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    lacks "$wrapper" "$report"
    LD_PRELOAD="$wrapper:$LAB_LIBRARY" ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor -- true
    tells note "environment: LD_PRELOAD names $wrapper before the library, which defines getaddrinfo"
    LD_PRELOAD="$LAB_LIBRARY:$wrapper" ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor -- true
    lacks 'before the library' "$report"
}

it_says_which_of_two_copies_answers_in_a_process() {
    local old=$TMPDIR/old/liboriginbypass.so
    install_library
    mkdir -p "${old%/*}"
    cp "$LAB_LIBRARY" "$old"
    echo >>"$old"
    echo "$old" >/etc/ld.so.preload
    begin_with "$library" # what LD_PRELOAD names comes first
    doctor --pid "$pid"
    finds_nothing_bad
    tells good "process $pid (sleep): has the library from $library, the installed one"
    tells note "process $pid (sleep): has the library twice, from $library and from $old: the first of them answers"
    echo "$library" >/etc/ld.so.preload
    begin_with "$old"
    doctor --pid "$pid"
    : >/etc/ld.so.preload
    equal 3 "$status"
    tells bad "has the library from $old, which is another than the installed one" 'Take this copy out of LD_PRELOAD'
    tells note "has the library twice, from $old and from $library: the first of them answers"
    LD_PRELOAD="$library $library" ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    lacks twice "$report"
}

begin_asking_with() {
    # shellcheck disable=SC2154 # the test before
    coproc asking { LD_PRELOAD=$1 exec "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
}

# They need not be of one version, and what the process has in force is what the one has that answers.
it_reads_what_the_copy_has_in_force_that_answers() {
    local old=$TMPDIR/old/liboriginbypass.so
    mkdir -p "${old%/*}"
    cp "$LAB_LIBRARY" "$old"
    echo >>"$old"
    configure "hosts = ( \"$CDN\" );"
    begin_asking_with "$old:$LAB_LIBRARY"
    doctor --pid "$pid"
    tells good "process $pid (asks): has these hosts in force since 20"
    begin_asking_with "$LAB_LIBRARY:$old"
    doctor --pid "$pid"
    tells good "process $pid (asks): has these hosts in force since 20"
}

# --- what it has in force -------------------------------------------------------------------------------------------

it_says_which_hosts_and_upstreams_a_process_has_in_force() {
    configure "hosts = ( \"$CDN\", \"*.example.net\", \"!keep.example.net\" ); upstreams = [ \"8.8.8.8\" ];"
    begin_asking
    doctor --pid "$pid"
    finds_nothing_bad
    tells good "process $pid (asks): has these hosts in force since 20" \
        "from /etc/originbypass/originbypass.conf: $CDN *.example.net !keep.example.net; upstreams: 8.8.8.8"
    lacks 'looked up nothing through the library yet' "$report"
}

it_says_of_a_process_that_a_host_is_not_among_its_own() {
    ORIGIN_BYPASS_HOSTS="$CDN !shop.example.com" begin_asking
    ORIGIN_BYPASS_HOSTS="$CDN api.example.com shop.example.com" doctor --pid "$pid" "$CDN" api.example.com shop.example.com
    equal 1 "$status"
    tells bad "process $pid (asks): does not list api.example.com, so libc answers; its hosts are: $CDN !shop.example.com" \
        'Add the host to ORIGIN_BYPASS_HOSTS of this process and restart it'
    tells bad "process $pid (asks): does not list shop.example.com"
    lacks "does not list $CDN" "$report"
}

# nginx writes over its environment, so only its memory tells where its hosts come from.
it_says_that_the_hosts_of_a_process_come_from_the_variable_and_not_from_the_file() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    configure "hosts = ( \"$CDN\", { name = \"shop.example.com\"; addresses = [ \"203.0.113.99\" ]; } );"
    begin_proxy ORIGIN_BYPASS_HOSTS="$CDN"
    doctor --pid "$proxy" shop.example.com
    tells good "process $proxy (nginx): has these hosts in force since 20" "from ORIGIN_BYPASS_HOSTS: $CDN; upstreams"
    tells note "process $proxy (nginx): does not use the host rules of /etc/originbypass/originbypass.conf (2) and their settings: ORIGIN_BYPASS_HOSTS replaces them" \
        'start it without the variable'
    tells bad "process $proxy (nginx): does not list shop.example.com" 'Add the host to ORIGIN_BYPASS_HOSTS of this process'
    lacks 'by now' "$report"
    lacks 'external DNS says 203.0.113.99' "$report"
    tells bad 'shop.example.com: is not listed' 'Add shop.example.com to ORIGIN_BYPASS_HOSTS'
}

it_says_that_nginx_notices_a_change_of_its_file_only_when_it_is_reloaded() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    configure 'hosts = ( "www.example.com" );'
    begin_proxy
    doctor --pid "$proxy" "$CDN"
    tells bad "process $proxy (nginx): does not list $CDN" \
        'Add the host to /etc/originbypass/originbypass.conf of this process, unless it is there. It looks names up only at its start and at a reload, so reload it (nginx -s reload)'
    configure "hosts = ( \"www.example.com\", \"$CDN\" );"
    doctor --pid "$proxy" "$CDN"
    tells bad "does not list $CDN, so libc answers. /etc/originbypass/originbypass.conf lists it by now, but that is not in force: a lookup takes the change over" \
        'so reload it (nginx -s reload)'
    until_true lists_it_after_a_reload
}

lists_it_after_a_reload() {
    reload_proxy
    doctor --pid "$proxy" "$CDN"
    lacks 'does not list' "$report" >/dev/null
}

# The names were looked up, so the master has the change; then it cannot listen and keeps its former workers.
it_says_that_workers_of_nginx_do_not_have_what_the_master_has() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    local unfinished='Its reload was not completed: nginx -t and its error log say why' worker
    configure 'hosts = ( "www.example.com" );'
    cp "$WORLD/proxy.conf" "$TMPDIR/proxy.conf"
    WORLD=$TMPDIR begin_proxy
    worker=$(worker_of_the_proxy)
    sed -i 's|listen 127.0.0.1:8080;|& listen 198.18.0.1:80;|' "$TMPDIR/proxy.conf"
    configure "hosts = ( \"www.example.com\", \"$CDN\" );"
    until_true master_has_the_change
    doctor --pid "$proxy" "$CDN"
    finds_bad 1
    tells bad "process $proxy (nginx): its process $worker still has its former configuration and does not list $CDN" "$unfinished"
    doctor --pid "$proxy" www.example.com
    lacks 'its process' "$report"
    doctor --pid "$worker" "$CDN"
    tells bad "process $worker (nginx): does not list $CDN" "$unfinished"
}

master_has_the_change() {
    kill -HUP "$proxy"
    doctor --pid "$proxy"
    tells good "www.example.com $CDN; upstreams" >/dev/null
}

it_says_that_a_worker_has_refused_what_its_master_has_in_force() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    install_library
    chmod 755 "$TMPDIR"
    configure "hosts = ( \"$CDN\" );"
    local body='
import os, socket, sys
def ask(name):
    try: socket.getaddrinfo(name, 80)
    except OSError: pass
ask("www.example.com")
if os.fork() == 0:
    os.setuid(int(sys.argv[1]))
while sys.stdin.buffer.raw.read(1): # each byte reaches one of both processes
    ask("www.example.com")'
    mkfifo "$TMPDIR/prefork"
    LD_PRELOAD=$library "$python" -c "$body" "$nobody" <"$TMPDIR/prefork" 2>"$messages" &
    pid=$!
    end_with_the_test "$pid"
    exec 7>"$TMPDIR/prefork"
    until_true pgrep -P "$pid" >/dev/null
    configure "hosts = ( \"$CDN\", \"api.example.com\" );"
    chmod 600 /etc/originbypass/originbypass.conf
    until_true worker_has_refused
    tells bad "its process $(pgrep -P "$pid") has refused the configuration that it has in force itself:" \
        'permission denied' 'Let the user of the process read the file'
}

worker_has_refused() {
    printf '..........' >&7
    doctor --pid "$pid"
    [[ $report == *'its process '* ]]
}

it_notes_that_a_worker_of_nginx_is_shutting_down() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    local worker
    configure 'hosts = ( "www.example.com" );'
    begin_proxy
    worker=$(worker_of_the_proxy)
    sockets=$(sockets_of "$worker")
    exec 7<>/dev/tcp/127.0.0.1/8080
    printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n...' >&7
    until_true has_taken_the_request "$worker"
    configure "hosts = ( \"www.example.com\", \"$CDN\" );"
    until_true master_has_the_change
    until_true grep -q 'is shutting down' "/proc/$worker/cmdline"
    doctor --pid "$worker" "$CDN"
    finds_nothing_bad
    tells note "process $worker (nginx): is shutting down: it ends the connections that it has and serves no new requests" \
        "Ask for the one that started it: --pid $proxy"
    lacks 'so reload it' "$report"
    doctor --pid "$proxy" "$CDN"
    lacks "its process $worker" "$report"
    exec 7>&-
}

has_taken_the_request() { (($(sockets_of "$1") > sockets)); }

sockets_of() { find "/proc/$1/fd" -lname 'socket:*' | wc -l; }

it_says_that_another_program_notices_a_change_of_its_file_at_its_next_lookup() {
    configure 'hosts = ( "www.example.com" );'
    begin_asking
    doctor --pid "$pid" "$CDN"
    tells bad "process $pid (asks): does not list $CDN" 'unless it is there. It notices the change at its next lookup'
    configure "hosts = ( \"www.example.com\", \"$CDN\" );"
    doctor --pid "$pid" "$CDN"
    tells bad "lists it by now, but that is not in force: a lookup takes the change over" 'It notices the change at its next lookup'
    until_true takes_the_hosts
}

takes_the_hosts() {
    ask_for "$CDN"
    doctor --pid "$pid" "$CDN"
    lacks 'does not list' "$report" >/dev/null
}

it_says_that_nginx_keeps_an_answer_of_libc_for_a_listed_host() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    stop 8.8.8.8
    stop 1.1.1.1
    configure "hosts = ( \"$CDN\" );"
    begin_proxy
    start 8.8.8.8
    start 1.1.1.1
    doctor --pid "$proxy"
    tells bad "process $proxy (nginx): lists $CDN, but its last lookup of it went to libc, at 20" \
        'external DNS had no usable answer. The program keeps what it got then' 'so reload it (nginx -s reload)'
    doctor --pid "$(worker_of_the_proxy)"
    tells bad "(nginx): lists $CDN, but its last lookup of it went to libc, at 20"
    until_true has_its_own_answer_after_a_reload
}

has_its_own_answer_after_a_reload() {
    reload_proxy
    doctor --pid "$proxy"
    lacks 'went to libc' "$report" >/dev/null
}

it_notes_that_libc_answered_a_listed_host_last() {
    stop 8.8.8.8
    stop 1.1.1.1
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "process $pid (asks): lists $CDN, but its last lookup of it went to libc, at 20" 'It asks external DNS again by itself, but not at each lookup'
    lacks 'keeps what' "$report"
    start 8.8.8.8
    start 1.1.1.1
    until_true has_its_own_answer
}

# External DNS has answered: there is no such name.
it_says_that_haproxy_has_not_asked_libc_at_its_start() {
    local proxy
    sed "s|^ *server .*|& init-addr none|" "$lab/proxies/haproxy.cfg" >"$TMPDIR/haproxy.cfg"
    LD_PRELOAD=$LAB_LIBRARY ORIGIN_BYPASS_HOSTS=$CDN haproxy -db -f "$TMPDIR/haproxy.cfg" >"$LAB/log/proxy" 2>&1 </dev/null &
    proxy=$!
    end_with_the_test "$proxy"
    until_true port_is_open 127.0.0.1 8080
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor --pid "$proxy"
    tells note "process $proxy (haproxy): its program looks names up at its start, and it has looked up none" 'init-addr libc asks it'
    tells note 'asks libc at its start, unless init-addr is without libc'
}

# Its title is where its environment was.
# It has looked the host up, and then executed itself again.
it_does_not_say_that_a_master_of_haproxy_has_looked_up_nothing() {
    local proxy
    LD_PRELOAD=$LAB_LIBRARY ORIGIN_BYPASS_HOSTS=$CDN haproxy -W -db -f "$lab/proxies/haproxy.cfg" >"$LAB/log/proxy" 2>&1 </dev/null &
    proxy=$!
    end_with_the_test "$proxy"
    until_true port_is_open 127.0.0.1 8080
    until_true grep -q . "/proc/$proxy/task/$proxy/children"
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor --pid "$proxy"
    lacks 'looked up nothing through the library yet' "$report"
    lacks 'looked up nothing itself' "$report"
    lacks 'its first lookup' "$report"
    equal 0 "$status"
}

it_says_that_nginx_does_not_show_whether_it_was_started_with_the_library() {
    printf '\0' >"$TMPDIR/liboriginbypass.so"
    start_proxy LD_PRELOAD="$TMPDIR/liboriginbypass.so"
    end_with_the_test "$proxy"
    doctor --pid "$proxy"
    tells bad "process $proxy (nginx): does not have the library. Whether it was started with it cannot be told: it has overwritten" \
        'the loader has said on its standard error'
}

it_says_that_a_report_on_hosts_is_about_a_lookup_that_begins_now() {
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    doctor --pid "$pid" "$CDN"
    tells note "process $pid (asks): what this report says of hosts and URLs is true for a lookup that begins now" \
        'answers in its cache, and open connections' 'reload or restart it'
    doctor --pid "$pid"
    lacks 'begins now' "$report"
}

it_says_as_whom_to_look_at_a_process_of_another_user() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR"
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking_as_nobody
    doctor --pid "$pid" "$CDN"
    tells note "runs as user $nobody. This report is of user 0" "Run doctor as that user, with its hosts: setpriv --reuid $nobody --regid "
}

it_takes_a_name_that_only_the_local_network_knows_for_no_outage() {
    ORIGIN_BYPASS_HOSTS='*.example.com' begin_asking
    ask_for intranet.example.com
    doctor --pid "$pid"
    lacks 'went to libc' "$report"
}

has_its_own_answer() {
    ask_for "$CDN"
    doctor --pid "$pid"
    lacks 'went to libc' "$report" >/dev/null
}

# begin_proxy [VARIABLE=VALUE...]: nginx with the library, until the test ends.
begin_proxy() {
    start_proxy LD_PRELOAD="$LAB_LIBRARY" "$@"
    end_with_the_test "$proxy"
}

# What root may write, the user of the process may not.
it_says_that_the_counters_of_a_process_were_removed() {
    local directory=$TMPDIR/removed
    mkdir -p "$directory"
    ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_METRICS=$directory begin_asking
    doctor --pid "$pid"
    finds_nothing_bad
    rm -r "$directory"
    mkdir "$directory"
    doctor --pid "$pid"
    tells bad "process $pid (asks): its file of counters in $directory was removed, so nobody can read what it counts. Restart it"
    fails "$originbypass" stats --directory "$directory" "$pid" 2>"$TMPDIR/complaint"
    contains "process $pid counts into a file that was removed from $directory" "$(<"$TMPDIR/complaint")"
    "$originbypass" stats --directory "$directory" >/dev/null 2>"$TMPDIR/complaint"
    contains "process $pid ($(compiled asks)) counts into a file that was removed" "$(<"$TMPDIR/complaint")"
}

it_says_that_the_user_of_a_process_cannot_write_its_log_file_and_counters() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR"
    mkdir -p "$TMPDIR/logs" "$TMPDIR/counters"
    chmod 700 "$TMPDIR/counters"
    configure "hosts = ( \"$CDN\" ); log = { file = \"$TMPDIR/logs/log\"; }; metrics = { directory = \"$TMPDIR/counters\"; };"
    begin_asking_as_nobody
    doctor --pid "$pid"
    finds_bad 2
    tells bad "process $pid (asks): its messages to $TMPDIR/logs/log are lost, for its user: no permission to write it. Let the user of the program write it and make files in its directory (chown, chmod)"
    tells bad "process $pid (asks): there are no counters in $TMPDIR/counters for its user: this user may not read the directory" 'Let the user of the program read and write the directory (chown, chmod)'
    fails "$originbypass" stats --directory "$TMPDIR/counters" "$pid" 2>"$TMPDIR/complaint"
    contains "process $pid has no counters in $TMPDIR/counters, and its user cannot have any there: this user may not read" "$(<"$TMPDIR/complaint")"
    "$originbypass" stats --directory "$TMPDIR/counters" >/dev/null 2>"$TMPDIR/complaint"
    contains "process $pid ($(compiled asks)) has the library, but its user cannot have counters in $TMPDIR/counters: this user may not read" \
        "$(<"$TMPDIR/complaint")"
    chown "$nobody" "$TMPDIR/logs" "$TMPDIR/counters"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "counts nothing: it could not make its file of counters in $TMPDIR/counters" 'Restart it'
    lacks 'are lost' "$report"
    begin_asking_as_nobody
    doctor --pid "$pid"
    finds_nothing_bad
}

begin_asking_as_nobody() {
    install -m 755 "$LAB_LIBRARY" "$TMPDIR/liboriginbypass.so"
    export ORIGIN_BYPASS_LIBRARY=$TMPDIR/liboriginbypass.so
    # shellcheck disable=SC2154 # the test before
    coproc asking { LD_PRELOAD=$ORIGIN_BYPASS_LIBRARY exec setpriv --reuid "$nobody" --clear-groups "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
}

it_says_that_the_disk_for_the_log_file_of_a_process_is_full() {
    mkdir -p "$TMPDIR/full"
    mount -t tmpfs -o size=64k tmpfs "$TMPDIR/full"
    configure "hosts = ( \"$CDN\" ); log = { file = \"$TMPDIR/full/log\"; };"
    begin_asking
    head -c 1000000 /dev/zero >"$TMPDIR/full/fill" 2>/dev/null || :
    doctor --pid "$pid"
    umount -l "$TMPDIR/full"
    finds_bad 1
    tells bad "process $pid (asks): its messages to $TMPDIR/full/log are lost, for its user: no space is left for it. Make room on its file system"
    lacks 'Make its directory' "$report"
}

# After room was made, it still does not count.
it_says_that_a_process_counts_nothing_after_its_disk_was_full() {
    local full=$TMPDIR/full_counters
    mkdir "$full"
    mount -n -t tmpfs -o size=16k full "$full"
    mkdir "$full/counters"
    dd if=/dev/zero of="$full/fill" bs=4k 2>/dev/null || :
    ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_METRICS=$full/counters begin_asking
    doctor --pid "$pid"
    finds_bad 1
    tells bad "there are no counters in $full/counters for its user: no space is left" 'Then restart the programs'
    contains "note: there are no counters in $full/counters, for a program of this user: no space is left on its file system" \
        "$(ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_METRICS=$full/counters "$originbypass" check)"
    rm "$full/fill"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (asks): counts nothing: it could not make its file of counters in $full/counters" 'Restart it'
    ORIGIN_BYPASS_HOSTS=$CDN ORIGIN_BYPASS_METRICS=$full/counters begin_asking
    doctor --pid "$pid"
    finds_nothing_bad
    kill "$pid"
    umount -l "$full"
}

it_says_that_a_process_has_used_up_its_descriptors() {
    install_library
    coproc asking { LD_PRELOAD=$library ORIGIN_BYPASS_HOSTS=$CDN exec "$python" -c '
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
last = None
try:
    while True:
        last = os.open("/dev/null", os.O_RDONLY)
except OSError:
    print("full", flush=True)
sys.stdin.readline()
os.close(last)
print("room", flush=True)
sys.stdin.readline()'; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    read -r <&"${asking[0]}"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (python3): has used up its 20 descriptors: neither the library nor libc can open a socket" "/proc/$pid/fd" 'ulimit -n'
    echo >&"${asking[1]}"
    read -r <&"${asking[0]}"
    doctor --pid "$pid"
    finds_nothing_bad
}

it_says_before_the_first_lookup_that_the_file_of_a_process_cannot_be_read() {
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    chmod 755 "$TMPDIR"
    install -m 755 "$LAB_LIBRARY" "$TMPDIR/liboriginbypass.so"
    configure "hosts = ( \"$CDN\" );"
    chmod 600 /etc/originbypass/originbypass.conf
    LD_PRELOAD=$TMPDIR/liboriginbypass.so setpriv --reuid "$nobody" --clear-groups sleep 60 2>/dev/null &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    ORIGIN_BYPASS_LIBRARY=$TMPDIR/liboriginbypass.so doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (sleep): its configuration is refused, so libc answers every call: /etc/originbypass/originbypass.conf: this user may not read the file: permission denied" \
        'Let the user of the process read the file'
    report=$(setpriv --reuid "$nobody" --clear-groups "$originbypass" doctor "$CDN" || :)
    tells bad '/etc/originbypass/originbypass.conf: refused: this user may not read the file: permission denied' \
        'Let the user of the process read the file'
}

it_names_a_misspelt_variable_of_a_process() {
    install_library
    LD_PRELOAD=$library ORIGIN_BYPAS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    finds_bad 2
    tells bad "process $pid (sleep): ORIGIN_BYPAS_HOSTS is not read: did you mean ORIGIN_BYPASS_HOSTS?" 'Correct the name of the variable where the program is started'
    LD_PRELOAD=$library ORIGIN_BYPASS_UPSTREAM=8.8.8.8 ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
    doctor --pid "$pid"
    finds_nothing_bad
    tells note "process $pid (sleep): ORIGIN_BYPASS_UPSTREAM is not read: did you mean ORIGIN_BYPASS_UPSTREAMS?"
}

it_says_that_the_hosts_of_a_process_were_refused() {
    ORIGIN_BYPASS_HOSTS=https://$CDN begin_asking
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (asks): its configuration is refused, so libc answers every call: ORIGIN_BYPASS_HOSTS: \"https://$CDN\" is not a host name" \
        'Correct the variable where the process is started, and restart it'
}

it_says_before_the_first_lookup_that_the_hosts_of_a_process_will_be_refused() {
    install_library
    LD_PRELOAD=$library ORIGIN_BYPASS_HOSTS=https://$CDN begin sleep 60
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid (sleep): its configuration is refused" 'is not a host name'
}

it_says_that_a_process_has_refused_a_changed_configuration() {
    configure "hosts = ( \"$CDN\" );"
    begin_asking
    configure 'hosts = ( "a b" );'
    until_true refuses_the_change
    tells bad 'and its former one stays in force: /etc/originbypass/originbypass.conf:1: "a b" is not a host name' \
        'Correct the file: originbypass check /etc/originbypass/originbypass.conf shows every error. It notices the change at its next lookup'
    tells good "has these hosts in force since 20"
    configure "hosts = ( \"$CDN\", \"api.example.com\" );"
    until_true takes_the_change
    finds_nothing_bad
}

it_says_that_a_file_that_a_process_has_refused_is_correct_by_now() {
    export ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY
    local correct='/etc/originbypass/originbypass.conf is correct by now.'
    configure "hosts = ( \"$CDN\" "
    begin_proxy
    doctor --pid "$proxy"
    tells bad 'its configuration is refused, so libc answers every call' \
        'originbypass check /etc/originbypass/originbypass.conf shows every error. It looks names up only at its start'
    configure "hosts = ( \"$CDN\" );"
    doctor --pid "$proxy"
    finds_bad 1
    tells bad 'its configuration is refused, so libc answers every call' "$correct It looks names up only at its start and at a reload, so reload it"
}

it_looks_into_the_files_of_prefixes_before_it_calls_a_file_correct() {
    configure "hosts = ( \"$CDN\" ); answers = { reject = [ \"file:$TMPDIR/prefixes\" ]; };"
    echo 192.0.2.0/24 >"$TMPDIR/prefixes"
    begin_asking
    echo garbage >"$TMPDIR/prefixes"
    until_true refuses_the_change
    tells bad "$TMPDIR/prefixes:1: " 'originbypass check /etc/originbypass/originbypass.conf shows every error'
    echo 192.0.2.0/25 >"$TMPDIR/prefixes"
    doctor --pid "$pid"
    finds_bad 1
    tells bad "$TMPDIR/prefixes:1: " '/etc/originbypass/originbypass.conf is correct by now. It notices the change at its next lookup'
}

refuses_the_change() {
    ask_for "$CDN"
    doctor --pid "$pid"
    tells bad 'refused a changed configuration at 20' >/dev/null
}

takes_the_change() {
    ask_for "$CDN"
    doctor --pid "$pid"
    tells good "$CDN api.example.com; upstreams" >/dev/null
}

# nginx writes the titles of its processes over its environment.
it_knows_what_a_program_has_that_overwrites_its_environment() {
    library=$LAB_LIBRARY
    configure "hosts = ( \"$CDN\" );"
    start_proxy LD_PRELOAD="$LAB_LIBRARY"
    local worker
    worker=$(worker_of_the_proxy)
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor --pid "$worker"
    stop_proxy || :
    finds_nothing_bad
    tells good "process $worker (nginx): has these hosts in force since 20" ": $CDN; upstreams: "
}

it_can_not_tell_what_a_process_has_whose_memory_it_may_not_read() {
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    status=0
    report=$(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace "$originbypass" doctor --pid "$pid" 2>"$messages") || status=$?
    [[ $report != *'cannot be looked at'* ]] || skip 'this system does not even show the mappings without CAP_SYS_PTRACE'
    [[ $report != *'in force since'* ]] || skip 'this system lets a user read the memory of his processes'
    tells note "process $pid (asks): cannot tell what it has in force: this user may not read the memory of the process." \
        "It was started with the hosts $CDN" 'Ask as root'
}

# --- a report of the process, and not of the shell that it is asked for in -----------------------------------------------

it_looks_at_a_host_with_the_configuration_of_the_process() {
    local upstream=203.0.113.99
    ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    doctor --pid "$pid" "$CDN" # the shell lists no host
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
    configure "hosts = ( \"shop.example.com\" );"
    ORIGIN_BYPASS_UPSTREAMS=$upstream ORIGIN_BYPASS_HOSTS=$CDN begin_asking
    rm /etc/originbypass/originbypass.conf
    doctor --pid "$pid" "$CDN"
    equal 1 "$status"
    tells bad "$upstream: "
    lacks 8.8.8.8 "$(grep -v 'process ' <<<"$report")"
    doctor --pid "$pid" -H "$CDN" -u 8.8.8.8 "$CDN" # options count before the process
    tells good "$CDN: external DNS says $ORIGIN_V4"
}

it_looks_at_a_host_with_the_configuration_that_the_first_lookup_of_the_process_will_use() {
    begin_with "$library"
    doctor --pid "$pid" "$CDN" # the shell lists no host
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
    ORIGIN_BYPASS_UPSTREAMS=1.1.1.1 begin_with "$library"
    ORIGIN_BYPASS_HOSTS=shop.example.com doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    tells good '1.1.1.1: answers over UDP'
    lacks '8.8.8.8: ' "$report"
    configure "hosts = ( \"shop.example.com\" );"
    echo "hosts = ( \"$CDN\" );" >"$TMPDIR/its.conf"
    LD_PRELOAD=$library ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/its.conf begin sleep 60
    doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    tells good "$TMPDIR/its.conf: 1 host rule"
    tells good "$CDN: external DNS says $ORIGIN_V4"
    # shellcheck disable=SC2016 # expanded in there
    LD_PRELOAD='' unshare --mount bash -c 'mount --bind "$1" /etc/originbypass/originbypass.conf && LD_PRELOAD=$2 exec sleep 60' - \
        "$TMPDIR/its.conf" "$library" &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
}

it_says_with_whose_configuration_it_looks_at_a_host_if_that_of_the_process_is_not_known() {
    local not_known='its configuration is not known, so hosts are looked at with the configuration of this environment'
    install_library
    begin sleep 60
    doctor --pid "$pid" "$CDN"
    tells note "process $pid: $not_known: it does not have the library"
    tells note 'no host is listed: in this environment'
    finds_bad 1 # the process does not have the library
    LD_PRELOAD=$library begin sleep 60
    ORIGIN_BYPASS_HOSTS=$CDN doctor --pid "$pid" "$CDN"
    tells note "process $pid: $not_known: it has none in force"
    tells good "$CDN: external DNS says $ORIGIN_V4"
    ORIGIN_BYPASS_HOSTS='a/b' LD_PRELOAD=$library begin sleep 60
    doctor --pid "$pid" "$CDN"
    tells note "process $pid: $not_known: it is refused"
    doctor --pid "$pid" -H "$CDN" "$CDN" # an option says which
    lacks "$not_known" "$report"
    kill "$pid"
    wait "$pid" || :
    doctor --pid "$pid" "$CDN"
    tells note "process $pid: $not_known: it cannot be looked at"
    begin_with "$library"
    doctor --pid "$pid"
    lacks "$not_known" "$report"
}

it_looks_at_a_host_with_the_file_that_the_process_has_in_its_own_root() {
    install_library
    configure "hosts = ( \"shop.example.com\" );"
    echo "hosts = ( \"$CDN\" );" >"$TMPDIR/its.conf"
    # shellcheck disable=SC2016 # expanded in there
    coproc asking { exec unshare --mount bash -c 'mount --bind "$1" /etc/originbypass/originbypass.conf && LD_PRELOAD=$2 exec "$3"' - \
        "$TMPDIR/its.conf" "$library" "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
    doctor --pid "$pid" "$CDN"
    finds_nothing_bad
    tells good "$CDN: external DNS says $ORIGIN_V4"
    tells note "it has mounts of its own, so it is not compared with the library that is installed here"
}

# nginx writes over its environment, so the variable can only be known from its memory.
it_asks_the_upstreams_that_the_process_has_in_force() {
    configure "hosts = ( \"$CDN\" );"
    start_proxy LD_PRELOAD="$LAB_LIBRARY" ORIGIN_BYPASS_UPSTREAMS=203.0.113.99
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor --pid "$proxy" "$CDN"
    stop_proxy || :
    equal 1 "$status"
    tells bad '203.0.113.99: '
    lacks '8.8.8.8: answers' "$report"
}

it_does_not_say_of_a_process_in_another_network_what_it_sees_in_its_own() {
    install_library
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$library exec unshare --net "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
    doctor --pid "$pid" "$CDN"
    equal 1 "$status"
    contains 'is in another network (namespace) than this command' "$(grep -m 1 '^bad ' <<<"$report")"
    contains "nsenter --target $pid --net" "$report"
    doctor --pid "$pid"
    finds_nothing_bad
}

it_says_that_libc_reads_other_files_in_the_process_than_here() {
    install_library
    echo "203.0.113.99 $CDN" >"$TMPDIR/its-hosts"
    # shellcheck disable=SC2016 # expanded in there
    coproc asking { ORIGIN_BYPASS_HOSTS=shop.example.com exec unshare --mount bash -c 'mount --bind "$1" /etc/hosts && LD_PRELOAD=$2 exec "$3"' - \
        "$TMPDIR/its-hosts" "$library" "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    echo "$CDN" >&"${asking[1]}"
    read -r line <&"${asking[0]}"
    equal 203.0.113.99 "$line"
    doctor --pid "$pid" "$CDN"
    tells note "process $pid (asks): has another /etc/hosts, unlike this command" "libc's answers" \
        "nsenter --target $pid --mount --net"
    cp /etc/hosts "$TMPDIR/hosts"
    cat "$TMPDIR/hosts" >"$TMPDIR/its-hosts"
    doctor --pid "$pid" "$CDN"
    lacks 'unlike this command' "$report"
}

it_knows_the_library_of_a_process_that_has_changed_its_root() {
    mkdir -p "$TMPDIR/empty"
    configure "hosts = ( \"$CDN\" );"
    install_library
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { LD_PRELOAD=$library exec "$(compiled asks)" "$TMPDIR/empty" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
    doctor --pid "$pid" shop.example.com
    tells good "has the library from $library, the installed one"
    tells bad 'does not list shop.example.com' 'It does not notice a change, because it has changed its root directory, so restart it'
    tells note 'has changed its root directory (chroot), and has no /etc/hosts' 'there, unlike this command'
    lacks nsenter "$report"
    configure "hosts = ( \"$CDN\", \"shop.example.com\" );"
    doctor --pid "$pid" shop.example.com
    tells bad 'lists it by now, but that is not in force: the process has changed its root directory' 'so restart it'
    configure "hosts = ( \"$CDN\" );"
    doctor --pid "$pid" shop.example.com
    tells good '/etc/originbypass/originbypass.conf: 1 host rule'
    lacks 'have no effect' "$report"
    lacks 'no longer there' "$report"
    lacks 'old copy' "$("$originbypass" system status)"
}

it_names_the_children_of_an_entrypoint_that_matter() {
    install_library
    ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$library sh -c 'env -i sleep 60 & echo $! >'"$TMPDIR/child"'; wait' &
    pid=$!
    end_with_the_test "$pid"
    until_true test -s "$TMPDIR/child"
    end_with_the_test "$(<"$TMPDIR/child")"
    until_true child_is_called sleep
    doctor --pid "$pid"
    tells note "has started processes that do not have the library: $(<"$TMPDIR/child") (sleep)" 'may clear the environment' 'Ask for the one'
    rm "$TMPDIR/child"
    sh -c 'LD_PRELOAD='"$library"' sleep 60 & echo $! >'"$TMPDIR/child"'; wait' &
    pid=$!
    end_with_the_test "$pid"
    until_true test -s "$TMPDIR/child"
    end_with_the_test "$(<"$TMPDIR/child")"
    until_true grep -q liboriginbypass "/proc/$(<"$TMPDIR/child")/maps"
    doctor --pid "$pid"
    tells note "has started processes that have the library: $(<"$TMPDIR/child") (sleep)"
}

child_is_called() { [[ $(<"/proc/$(<"$TMPDIR/child")/comm") == "$1" ]]; }

it_says_that_the_library_was_overwritten_in_place() {
    begin_with "$library"
    touch -d '1 hour' "$library"
    doctor --pid "$pid"
    equal 3 "$status"
    contains "has the library from $library, which was overwritten in place after the process started" \
        "$(grep -m 1 '^bad ' <<<"$report")"
}

it_says_that_the_standard_error_of_a_process_is_closed() {
    install_library
    # shellcheck disable=SC2154 # coproc sets it
    coproc asking { ORIGIN_BYPASS_HOSTS=$CDN LD_PRELOAD=$library exec "$(compiled asks)" 2>&-; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
    doctor --pid "$pid"
    tells note 'its messages are lost: its standard error is closed' 'Name a file'
}

# A library of that name whose memory says what it likes.
it_trusts_nothing_that_a_process_says_it_has_in_force() {
    library=$TMPDIR/hostile/liboriginbypass.so
    local body
    mkdir -p "${library%/*}"
    for body in 'VERSION + 1, sizeof(struct published), 0, PUBLISHED_IN_FORCE' 'VERSION, sizeof(struct published) - 8, 0, PUBLISHED_IN_FORCE' \
        'VERSION, sizeof(struct published), 0, 1000000' 'VERSION, sizeof(struct published), 1, PUBLISHED_IN_FORCE'; do
        hostile_library "$body"
        LD_PRELOAD=$library begin sleep 60
        doctor --pid "$pid"
        tells note "process $pid (sleep): cannot tell what it has in force: "
    done
    hostile_library 'VERSION, sizeof(struct published), 0, PUBLISHED_IN_FORCE, .loaded_s = INT64_MAX,
        .hosts = { [0 ... 2047] = 27 }, .file = { [0 ... 511] = 10 }, .upstreams = { [0 ... 511] = 1 }'
    LD_PRELOAD=$library begin sleep 60
    doctor --pid "$pid" "$CDN"
    lacks $'\033' "$report"
    tells good 'in force since an unknown time'
}

hostile_library() {
    printf '#include "originbypass/in_force/published.h"\n#define VERSION PUBLISHED_MAGIC, PUBLISHED_VERSION\nstruct published record = { %s };\n' "$1" |
        cc -I "$top/include" -shared -fPIC -x c -o "$library" -
}

it_says_that_the_messages_of_a_process_go_into_a_socket() {
    ORIGIN_BYPASS_HOSTS=$CDN
    export ORIGIN_BYPASS_HOSTS
    "$python" -c 'import socket, subprocess, sys, os, signal
ours, its = socket.socketpair()
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=its, env={**os.environ, "LD_PRELOAD": os.environ["LAB_LIBRARY"]})
p.stdin.write(b"localhost\n"); p.stdin.flush(); p.stdout.readline()
print(p.pid, flush=True)
signal.pause()' "$(compiled asks)" >"$TMPDIR/asking" &
    end_with_the_test $!
    until_true test -s "$TMPDIR/asking"
    pid=$(<"$TMPDIR/asking")
    ORIGIN_BYPASS_LIBRARY=$LAB_LIBRARY doctor --pid "$pid"
    tells note 'its messages are lost: its standard error is a socket' 'Name a file in ORIGIN_BYPASS_LOG_FILE'
}

it_sees_that_the_file_of_a_process_is_mounted_by_itself() {
    install_library
    configure "hosts = ( \"$CDN\" );"
    cp /etc/originbypass/originbypass.conf "$TMPDIR/volume.conf"
    # shellcheck disable=SC2016 # expanded in there
    LD_PRELOAD=$library unshare --mount bash -c 'LD_PRELOAD= mount --bind "$1" /etc/originbypass/originbypass.conf && exec sleep 60' - "$TMPDIR/volume.conf" &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid"
    tells note "process $pid (sleep): /etc/originbypass/originbypass.conf: the file itself is a mount point" 'Mount the directory'
}

it_gives_the_notes_on_the_program_of_a_process() {
    install_library
    cp "$(command -v sleep)" "$TMPDIR/squid"
    LD_PRELOAD=$library ORIGIN_BYPASS_HOSTS=$CDN begin "$TMPDIR/squid" 60
    doctor --pid "$pid"
    tells note "process $pid (squid): has no socket to a DNS server now. Its program has a resolver of its own" 'dns_nameservers'
}

# A process that has looked up one name.
begin_asking() {
    install_library
    # shellcheck disable=SC2154 # the test before
    coproc asking { exec env LD_PRELOAD="$library" "$(compiled asks)" 2>"$messages"; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    ask_for "$CDN"
}

ask_for() {
    echo "$1" >&"${asking[1]}"
    read -r <&"${asking[0]}"
}

# --- what it cannot see --------------------------------------------------------------------------------------------

it_looks_at_the_process_of_a_thread() {
    install_library
    coproc asking { LD_PRELOAD=$library ORIGIN_BYPASS_HOSTS=$CDN exec "$python" -c '
import sys, threading
thread = threading.Thread(target=sys.stdin.readline)
thread.start()
print(thread.native_id, flush=True)'; }
    # shellcheck disable=SC2154 # coproc sets it
    pid=$asking_PID
    read -r thread <&"${asking[0]}"
    doctor --pid "$thread"
    finds_nothing_bad
    tells note "$thread: is the number of a thread of process $pid, which is looked at"
    tells good "process $pid (python3): has the library from $library"
}

it_says_that_it_cannot_see_a_process() {
    begin sleep 60
    # shellcheck disable=SC2016 # expanded in there
    report=$(unshare --mount sh -c 'mount -t tmpfs none /proc; "$0" doctor --pid "$1"' "$originbypass" "$pid" || :)
    tells bad "process $pid: cannot be looked at: /proc is not mounted"
    # shellcheck disable=SC2016 # expanded in there
    report=$(unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" doctor --pid "$1"' "$originbypass" "$pid" || :)
    tells bad "process $pid: cannot be looked at: /proc does not show it to this user (hidepid)"
}

it_says_that_there_is_no_such_process() {
    begin sleep 60
    kill "$pid"
    wait "$pid" || :
    doctor --pid "$pid"
    finds_bad 1
    tells bad "process $pid: there is no such process"
}

it_says_that_it_may_not_look_at_a_process() {
    begin sleep 60
    "${as_nobody[@]}" true 2>/dev/null || skip 'this system does not allow user namespaces in here'
    status=0
    report=$("${as_nobody[@]}" "$originbypass" doctor --pid "$pid" 2>"$messages") || status=$?
    finds_bad 1
    tells bad "process $pid (sleep): cannot be looked at: Permission denied. Ask as the user that started it or as root"
}

it_escapes_the_name_of_a_process() {
    install_library
    cp "$(command -v sleep)" "$TMPDIR/"$'evil\033[2J'
    begin "$TMPDIR/"$'evil\033[2J' 60
    doctor --pid "$pid"
    tells bad "process $pid (evil\\x1b[2J): does not have the library"
    lacks $'\033' "$report"
}

# The process's loader has the same name as ours, and a different file is at that name.
it_looks_for_the_loader_of_a_process_in_the_root_of_that_process() {
    local loader
    install_library
    loader=$(readelf -p .interp /bin/sh | grep -o '/.*')
    # shellcheck disable=SC2016 # expanded in there
    unshare --mount bash -c 'cp "$1" "$2" && mount --bind "$2" "$1" && exec sleep 60' - "$loader" "$TMPDIR/loader" &
    pid=$!
    end_with_the_test "$pid"
    until_true is_called sleep
    doctor --pid "$pid"
    finds_bad 1
    tells note "names $loader for its loader, which is not the system's own"
}

# --- helpers --------------------------------------------------------------------------------------------------------

# As an installation does: a new file replaces the old one.
install_library() {
    mkdir -p "${library%/*}"
    cp "$LAB_LIBRARY" "$library.new"
    mv "$library.new" "$library"
}

begin_with() {
    install_library
    LD_PRELOAD=$1 ORIGIN_BYPASS_HOSTS=$CDN begin sleep 60
}

# begin COMMAND...: runs it until the test ends.
begin() {
    "$@" &
    pid=$!
    end_with_the_test "$pid"
    local name=${1##*/}
    until_true is_called "${name:0:15}"
}

# Once it has been loaded, it sleeps.
is_called() { equal "$1" "$(<"/proc/$pid/comm")" >/dev/null && grep -q "^State:.S" "/proc/$pid/status"; }

check_all "$@"
