#!/usr/bin/env bash
# originbypass system: the library in /etc/ld.so.preload of a machine. The lab's /etc is its own.
# shellcheck source-path=SCRIPTDIR source=check.sh
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
# shellcheck source-path=SCRIPTDIR source=documents.sh
source "$lab/documents.sh"

list=/etc/ld.so.preload
installed=/usr/local/lib/liboriginbypass.so
tool=/usr/local/bin/originbypass
file=/etc/originbypass/originbypass.conf
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# --- enable ----------------------------------------------------------------------------------------------------------

it_gives_the_library_to_every_program_that_starts_from_then_on() {
    lacks "$installed" "$(cat /proc/self/maps)"
    echo "hosts = ( \"$CDN\" );" >"$(configuration)"
    system enable
    equal "0 $installed" "$status $(<"$list")"
    equal "$list: entered $installed
Every program that starts from now on has it. For those that run already: originbypass system status" "$out"
    quiet
    contains "$installed" "$(cat /proc/self/maps)"
    contains '"server":"origin"' "$(curl -sS "https://$CDN/")"
}

it_makes_a_file_that_every_user_can_read_whatever_the_umask() {
    (umask 077 && system enable)
    equal '644 root root' "$(stat -c '%a %U %G' "$list")"
    contains "$installed" "$("${nobody[@]}" cat /proc/self/maps)"
}

it_keeps_what_others_have_in_the_file_its_mode_and_its_owner() {
    local other=/usr/local/lib/libother.so content
    others_library "$other"
    printf '# ours\n\n%s\t# why: /x/liboriginbypass.so\n%s' "$other" "$other" >"$list"
    chmod 640 "$list"
    chown 0:4 "$list"
    content=$(cat "$list" && echo .)
    system enable
    equal 0 "$status"
    equal "${content%.}"$'\n'"$installed." "$(cat "$list" && echo .)"
    equal '' "$(cat /dev/null 2>&1)"
    equal '640 0 4' "$(stat -c '%a %u %g' "$list")"
    system disable
    equal "0 $content" "$status $(cat "$list" && echo .)"
    equal '640 0 4' "$(stat -c '%a %u %g' "$list")"
}

it_changes_nothing_the_second_time() {
    system enable
    local before
    before=$(stat -c '%i %Y' "$list")
    system enable
    equal "0 $list: $installed is entered already" "$status $out"
    equal "$installed" "$(<"$list")"
    equal "$before" "$(stat -c '%i %Y' "$list")"
}

it_knows_the_library_by_another_path() {
    ln -s /usr/local/lib "$TMPDIR/link"
    echo "$TMPDIR/link/liboriginbypass.so" >"$list"
    system enable
    equal "0 $list: $installed is entered already" "$status $out"
    system disable
    equal "0 $list: took out $TMPDIR/link/liboriginbypass.so" "$status $out"
    fails test -e "$list"
}

it_takes_the_place_of_entries_whose_file_is_gone_and_of_no_other_copy() {
    echo /opt/gone/liboriginbypass.so >"$list"
    system enable 2>/dev/null
    equal "0 $installed" "$status $(<"$list")"
    mkdir -p /usr/local/lib/other
    cp "$installed" /usr/local/lib/other
    echo /usr/local/lib/other/liboriginbypass.so >"$list"
    refuses "$list: has another copy already, /usr/local/lib/other/liboriginbypass.so; take it out first:" enable
    equal /usr/local/lib/other/liboriginbypass.so "$(<"$list")"
}

# The loader of an ordinary user passes over it without a word.
it_says_that_not_every_user_may_read_the_list() {
    : >"$list"
    chmod 600 "$list"
    system enable
    contains 'Only programs whose user may read the file will have it: chmod 644 /etc/ld.so.preload' "$out"
    system status
    equal 1 "$status"
    contains "$installed: is entered, and only programs whose user may read the file have it: chmod 644" "$out"
    lacks 'every program' "$out"
    chmod 644 "$list"
    system status
    contains 'is entered: every program that starts has it' "$out"
}

it_changes_the_file_that_a_link_leads_to_and_keeps_the_link() {
    mkdir -p "$TMPDIR/real"
    : >"$TMPDIR/real/list"
    ln -s "$TMPDIR/real/list" "$list"
    system enable
    equal "0 $installed" "$status $(<"$TMPDIR/real/list")"
    test -L "$list"
    ln -sf "$TMPDIR/nowhere" "$list"
    refuses "$list: cannot be found: No such file" enable
}

# --- the trial -------------------------------------------------------------------------------------------------------

it_does_not_enter_what_the_loader_refuses() {
    echo 'no library' >"$installed"
    refuses "$installed is not fit for every program: /bin/true with it ends with status 0 and prints: ERROR: ld.so: object" enable
    contains 'nothing has been changed' "$(<"$messages")"
}

it_enters_the_library_where_there_is_no_true() {
    : >"$TMPDIR/no-program"
    mount --bind "$TMPDIR/no-program" /bin/true
    system enable --force
    umount /bin/true
    contains 'nothing changes yet' "$(<"$messages")"
    lacks 'not fit' "$(<"$messages")"
    equal "$installed" "$(<"$list")"
}

it_does_not_enter_what_prints_something() {
    broken_library 'write(2, "hello\n", 6);'
    refuses '/bin/true with it ends with status 0 and prints: hello' enable
}

it_does_not_enter_what_kills_a_program() {
    broken_library '*(volatile int *)8 = 1;'
    refuses '/bin/true with it is killed by signal 11' enable
}

it_does_not_enter_what_makes_a_shell_or_this_command_fail() {
    broken_library 'if (strcmp(program_invocation_short_name, "sh") == 0) _exit(9);'
    refuses '/bin/sh -c with it ends with status 9' enable
    [[ ${COMMAND-} != static ]] || return 0 # into which nothing can be preloaded
    broken_library 'if (strcmp(program_invocation_short_name, "originbypass") == 0) _exit(8);'
    refuses "$tool --version with it ends with status 8" enable
}

it_does_not_enter_what_never_lets_a_program_go() {
    broken_library 'for (;;) pause();'
    refuses '/bin/true with it has not ended after 10 s' enable
}

it_does_not_enter_what_other_users_can_not_read() {
    chmod 700 "$installed"
    refuses '/bin/true with it ends with status 0 and prints: ERROR: ld.so: object' enable
    contains 'cannot open shared object file' "$(<"$messages")"
}

it_does_not_enter_it_over_a_broken_configuration() {
    printf 'hosts = ( "%s" );\nupstreams = [ "here" ];\n' "$CDN" >"$(configuration)"
    refuses "originbypass system: $file:2: " enable
    contains "$file is refused: correct it, try it with originbypass check $file, and enable again; nothing has been changed" \
        "$(<"$messages")"
    lacks "$installed" "$(<"$messages")"
    echo 'hosts = (' >"$file"
    refuses "originbypass system: $file:1: " enable
    refuses "$file is refused" enable --force
    echo "hosts = ( \"$CDN\" );" >"$file"
    system enable
    equal 0 "$status"
    quiet
}

it_says_that_nothing_changes_before_there_are_hosts() {
    system enable
    equal "0 $installed" "$status $(<"$list")"
    equal "originbypass system: warning: nothing changes yet: $file does not exist; list the hosts there, and restart the programs that have started before" \
        "$(<"$messages")"
    echo 'hosts = ( "!other.example.com" );' >"$(configuration)"
    system enable
    equal "0 $list: $installed is entered already" "$status $out"
    equal "originbypass system: warning: nothing changes yet: libc answers every lookup until a host is listed in $file" \
        "$(<"$messages")"
}

it_does_not_take_offence_at_what_others_have_broken() {
    echo /usr/local/lib/nothing.so >"$list"
    "$tool" system enable >"$TMPDIR/out" 2>/dev/null
    equal /usr/local/lib/nothing.so$'\n'"$installed" "$(<"$list")"
    : >"$list"
}

# --- the library's path ----------------------------------------------------------------------------------------------

it_refuses_what_another_user_may_write_in_any_case() {
    chmod o+w "$installed"
    refuses "every user may write $installed, and so change what every program runs; chmod o-w $installed" enable
    refuses 'every user may write' enable --force
    chmod o-w "$installed"
    chmod o+w /usr/local/lib
    refuses 'every user may write /usr/local/lib, and so change what every program runs; chmod o-w /usr/local/lib' enable -f
    chmod o-w /usr/local/lib
    chown 65534 "$installed"
    refuses "$installed belongs to user 65534, who could change what every program runs; chown root $installed" enable -f
    chown 0 "$installed"
    system enable
    equal 0 "$status"
}

it_refuses_what_a_group_may_write_unless_forced() {
    chown 0:50 /usr/local/lib
    chmod g+w /usr/local/lib
    refuses 'group 50 may write /usr/local/lib, and so change what every program runs; chmod g-w /usr/local/lib' enable
    system enable --force
    equal "0 $installed" "$status $(<"$list")"
}

it_refuses_a_place_that_may_go_away_unless_forced() {
    local directory place=
    trap 'umount -n "$place"; rmdir "$place"' EXIT
    for directory in /tmp /var/tmp /home /mnt; do
        place=$(mktemp -d "$directory/place.XXXXXX") # not the whole directory: this tree can be in it
        mount -n -t tmpfs -o mode=755 place "$place"
        cp "$LAB_LIBRARY" "$place/liboriginbypass.so"
        export ORIGIN_BYPASS_LIBRARY=$place/liboriginbypass.so
        refuses "$place/liboriginbypass.so: what is below $directory may go away; install it" enable
        system enable --force
        equal "0 $place/liboriginbypass.so" "$status $(<"$list")"
        rm "$list"
        umount -n "$place"
        rmdir "$place"
    done
    trap - EXIT
}

it_refuses_a_source_tree_and_a_file_system_in_memory_unless_forced() {
    mkdir /usr/local/lib/tree /usr/local/lib/tree/build
    cp "$installed" /usr/local/lib/tree/build
    export ORIGIN_BYPASS_LIBRARY=/usr/local/lib/tree/build/liboriginbypass.so
    local sign
    for sign in Makefile .git; do
        touch "/usr/local/lib/tree/$sign"
        refuses "is in the source tree /usr/local/lib/tree, and may go away or be rebuilt; install it" enable
        rm "/usr/local/lib/tree/$sign"
    done
    mount -n -t tmpfs -o mode=755 place /usr/local/lib/tree/build
    cp "$installed" /usr/local/lib/tree/build
    refuses "is on a file system in memory, and may go away; install it" enable
    system enable -f
    umount -n -l /usr/local/lib/tree/build
    equal "0 $ORIGIN_BYPASS_LIBRARY" "$status $(<"$list")"
}

it_refuses_a_path_that_the_loader_would_take_apart() {
    local name
    # shellcheck disable=SC2016 # a dollar sign
    for name in 'a b' a:b 'a#b' 'a$b' $'a\tb' $'a\nb'; do
        mkdir "/usr/local/lib/$name"
        cp "$installed" "/usr/local/lib/$name"
        ORIGIN_BYPASS_LIBRARY=/usr/local/lib/$name/liboriginbypass.so \
            refuses 'cannot name a path with a blank, a colon, # or $; install it elsewhere' enable --force
    done
}

it_refuses_what_is_not_there_and_what_is_no_file() {
    ORIGIN_BYPASS_LIBRARY=/usr/local/lib/missing.so refuses '/usr/local/lib/missing.so: No such file or directory' enable
    ORIGIN_BYPASS_LIBRARY=/usr/local/lib refuses '/usr/local/lib: not a regular file' enable
    rm "$installed"
    refuses "no liboriginbypass.so beside $tool" enable
}

# --- disable ---------------------------------------------------------------------------------------------------------

it_takes_the_library_out_and_what_is_gone_of_it_and_nothing_else() {
    local other=/usr/local/lib/libother.so
    others_library "$other"
    cat >"$list" <<END
# first
$installed
$other:$installed # both
 /gone/liboriginbypass.so	$other

$installed $other
$other	/gone/liboriginbypass.so.1
/usr/lib/\$LIB/liboriginbypass.so
# $installed
END
    system disable 2>/dev/null
    equal 0 "$status"
    equal "# first
$other # both
 $other

$other
$other
/usr/lib/\$LIB/liboriginbypass.so
# $installed" "$(<"$list")"
    equal "took out $installed
took out $installed
took out /gone/liboriginbypass.so
took out $installed
took out /gone/liboriginbypass.so.1" "${out//$list: /}"
    : >"$list"
    contains "/usr/lib/\$LIB/liboriginbypass.so stays" "$(<"$messages")"
}

it_removes_the_file_when_nothing_is_left_in_it() {
    system enable
    system disable
    equal "0 $list: took out $installed" "$status $out"
    fails test -e "$list"
    quiet
    lacks "$installed" "$(cat /proc/self/maps)"
}

it_has_nothing_to_do_where_nothing_is_entered() {
    system disable
    equal "0 $list: $installed is not entered" "$status $out"
    fails test -e "$list"
    echo '# nothing' >"$list"
    system disable
    equal "0 # nothing" "$status $(<"$list")"
}

it_takes_the_library_out_after_the_file_has_gone() {
    system enable
    rm "$installed"
    system disable 2>/dev/null
    equal "0 $list: took out $installed" "$status $out"
    fails test -e "$list"
}

it_tells_of_another_copy_that_stays() {
    mkdir /usr/local/lib/other
    cp "$installed" /usr/local/lib/other
    local other=/usr/local/lib/other/liboriginbypass.so
    echo "$other" >"$list"
    system disable
    equal "0 $other" "$status $(<"$list")"
    contains "$other stays, another copy, which is there; for it: ORIGIN_BYPASS_LIBRARY=$other originbypass system disable" "$(<"$messages")"
    ORIGIN_BYPASS_LIBRARY=$other system disable
    equal "0 $list: took out $other" "$status $out"
}

# --- the file is never half written ----------------------------------------------------------------------------------

# It is killed before its first call, at each call that changes the file, and after. The file has the old or the new text.
it_leaves_a_whole_file_wherever_it_is_killed() {
    local call old=/usr/local/lib/libother.so
    others_library "$old"
    for call in flock openat write fchown fchmod fsync unlinkat rename,renameat,renameat2; do
        echo "$old" >"$list"
        killed_at "$call" enable
        contains "|$(tr '\n' ' ' <"$list")|" "|$old ||$old $installed |"
        equal '' "$(cat /dev/null 2>&1)"
        system enable
        equal "0 $old $installed" "$status $(paste -sd ' ' "$list")"
        killed_at "$call" disable
        contains "|$(tr '\n' ' ' <"$list")|" "|$old ||$old $installed |"
        system disable
        equal "0 $old" "$status $(<"$list")"
        equal '' "$(find /etc -maxdepth 1 -name '*originbypass' -type f)"
    done
}

it_changes_nothing_when_a_step_fails() {
    local call old=/usr/local/lib/libother.so
    others_library "$old"
    echo "$old" >"$list"
    for call in write fchown fchmod fsync rename,renameat,renameat2; do
        injected "$call" error=ENOSPC enable && echo "no failure of $call" && return 1
        contains "$list: cannot be replaced" "$(<"$messages")"
        contains 'No space left on device' "$(<"$messages")"
        equal "$old" "$(<"$list")"
        equal '' "$(find /etc -maxdepth 1 -name '*originbypass' -type f)"
    done
}

it_says_why_a_file_can_not_be_replaced() {
    echo '# others' >"$TMPDIR/mounted"
    : >"$list"
    mount -n --bind "$TMPDIR/mounted" "$list"
    refuses "$list: is mounted by itself, so that it cannot be replaced: change the file that it is mounted from" enable
    contains 'or unmount it; nothing has been changed' "$(<"$messages")"
    echo "$installed" >"$TMPDIR/mounted"
    fails_to "$list: is mounted by itself" disable
    equal "$installed" "$(<"$list")"
    umount -n "$list"
    equal '' "$(find /etc -maxdepth 1 -name '*originbypass' -type f)"
    mount -n -o remount,ro /etc
    "$tool" system enable >"$TMPDIR/out" 2>"$TMPDIR/err" && return 1
    mount -n -o remount,rw /etc
    contains "$list: cannot be replaced: a new file beside it: Read-only file system" "$(<"$TMPDIR/err")"
    rm "$list"
    mkdir "$list"
    fails_to "$list: is not a regular file" enable
    rmdir "$list"
    printf 'a\0b' >"$list"
    fails_to "$list: is not a text file: it contains a NUL byte" enable
    : >"$list"
}

it_waits_for_another_that_changes_the_file() {
    local waiting
    exec {lock}</etc
    flock "$lock"
    "$tool" system enable >"$TMPDIR/out" {lock}<&- &
    waiting=$!
    fails timeout 1 tail --pid "$waiting" -f /dev/null {lock}<&-
    fails test -e "$list"
    exec {lock}<&-
    wait "$waiting"
    equal "$installed" "$(<"$list")"
}

# --- users and systems -----------------------------------------------------------------------------------------------

it_lets_only_root_change_the_file() {
    "${nobody[@]}" true 2>/dev/null || skip "only root can become another user"
    as_nobody enable
    equal "1 originbypass system: only root may change $list" "$status $(<"$messages")"
    as_nobody disable
    equal "0 $list: $installed is not entered" "$status $out"
    system enable
    as_nobody disable
    equal "1 originbypass system: only root may change $list" "$status $(<"$messages")"
    equal "$installed" "$(<"$list")"
}

it_says_that_musl_does_not_read_the_file() {
    musl_for_a_shell
    refuses "this machine's libc is musl, whose loader does not read $list: set LD_PRELOAD for each program" enable
    contains 'in an image, for all of its programs: ENV LD_PRELOAD=LIBRARY' "$(<"$messages")"
    fails test -e "$list"
    system status
    equal 0 "$status"
    contains "$list: the library is not entered, and musl's loader does not read the file" "$out"
    echo "$installed" >"$list"
    system status
    equal 1 "$status"
    contains "$installed: is entered, and programs do not get it: musl's loader does not read the file" "$out"
    system disable
    equal "0 $list: took out $installed" "$status $out"
}

# --- status ----------------------------------------------------------------------------------------------------------

it_says_that_nothing_is_entered() {
    system status
    equal 0 "$status"
    equal "$list: the library is not entered" "$(head -n 1 <<<"$out")"
    contains 'Running programs: 0 have it, 0 need a restart, ' "$out"
}

it_tells_programs_that_started_before_from_those_that_started_after() {
    started before
    system enable
    started after
    system status
    equal 3 "$status"
    contains "$installed: is entered: every program that starts has it" "$out"
    row "$before" /usr/bin/sleep 'lacks it: restart'
    row "$after" /usr/bin/sleep 'has it'
    system disable
    system status
    equal 3 "$status"
    equal '' "$(grep -E "^ *$before " <<<"$out")"
    row "$after" /usr/bin/sleep 'still has it: restart'
}

it_says_nothing_about_programs_that_it_cannot_see() {
    system enable
    # shellcheck disable=SC2016 # expanded in there
    out=$(unshare --mount sh -c 'mount -t tmpfs none /proc; "$0" system status' "$tool" || echo "exit $?")
    contains "$installed: is entered: every program that starts has it" "$out"
    equal 'Running programs: not known, because /proc is not mounted
exit 1' "$(tail -n 2 <<<"$out")"
    # shellcheck disable=SC2016 # expanded in there
    out=$(unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@" system status' - "${nobody[@]}" "$tool" || :)
    contains '. Ask as root for the others: /proc hides those of other users (hidepid)' "$(tail -n 1 <<<"$out")"
    started before
    as_nobody status
    contains ' could not be looked at (ask as root)' "$out"
}

it_is_good_where_every_program_has_it() {
    system enable
    equal 0 "$(alone "$tool" system status)"
    contains 'Running programs: 2 have it, 0 need a restart, 0 cannot have it' "$(<"$TMPDIR/alone")"
}

it_tells_a_replaced_library_and_another_copy() {
    system enable
    started after
    cp "$installed" "$installed.new"
    mv "$installed.new" "$installed"
    system status
    equal 3 "$status"
    row "$after" /usr/bin/sleep 'has an old copy: restart'
    started later
    mkdir /usr/local/lib/other
    cp "$installed" /usr/local/lib/other
    printf x >>/usr/local/lib/other/liboriginbypass.so
    system disable
    LD_PRELOAD=/usr/local/lib/other/liboriginbypass.so started chosen
    system status
    row "$chosen" /usr/bin/sleep 'has it'
    system enable
    system status
    row "$chosen" /usr/bin/sleep 'has an old copy: restart'
    row "$later" /usr/bin/sleep 'has it'
}

it_is_bad_where_what_is_entered_is_missing_or_does_not_load() {
    system enable
    started after
    rm "$installed"
    system status 2>/dev/null
    equal 1 "$status"
    contains "$installed: is entered and not there: every program that starts says so; originbypass system disable takes it out" "$out"
    row "$after" /usr/bin/sleep 'has an old copy: restart'
    echo 'no library' >"$installed"
    system status 2>/dev/null
    equal 1 "$status"
    contains "$installed: is entered, and the loader refuses it: $installed: file too short" "$out"
    : >"$list"
}

it_says_whose_user_may_not_read_the_library() {
    "${nobody[@]}" true 2>/dev/null || skip 'there is no user 65534 in this user namespace'
    system enable
    chmod 750 "${installed%/*}"
    LD_PRELOAD='' "${nobody[@]}" sleep 60 2>/dev/null &
    end_with_the_test $!
    until_true runs_a_program "$!" sleep
    system status
    equal 1 "$status"
    contains "$installed: is entered, and programs whose user may not read it do not have it. Let every user read it (chmod o+rx for a directory, chmod o+r for a file): ${installed%/*}" "$out"
    lacks 'every program that starts has it' "$out"
    row $! /usr/bin/sleep 'its user may not read it'
    contains ', 1 may not read it' "$out"
    system status --json
    equal "${installed%/*}" "$("$python" -c 'import json, sys; print(json.load(sys.stdin)["entries"][0]["barring"])' <<<"$out")"
    status=0
    out=$("${nobody[@]}" "$originbypass" system status 2>/dev/null) || status=$?
    equal 1 "$status"
    contains 'programs whose user may not read it do not have it' "$out"
    lacks 'disable takes it out' "$out"
    chmod 755 "${installed%/*}"
    : >"$list"
}

runs_a_program() { equal "$2" "$(<"/proc/$1/comm")" >/dev/null && grep -q "^State:.S" "/proc/$1/status"; }

it_counts_what_can_never_have_it_and_what_it_may_not_look_at() {
    "${nobody[@]}" true 2>/dev/null || skip "only root can become another user"
    echo 'int pause(void); int main(void) { return pause(); }' | cc -static -x c -o "$TMPDIR/static" -
    system enable
    "$TMPDIR/static" &
    end_with_the_test $!
    until_true is_rooted_in $! /
    system status
    equal '' "$(grep -E "^ *$! " <<<"$out")"
    equal 1 "$(field out_of_reach)"
    as_nobody status
    contains ' could not be looked at' "$out"
}

it_leaves_out_programs_of_other_containers_and_roots() {
    system enable
    local image=$TMPDIR/image directory
    for directory in bin lib lib64 usr; do
        mkdir -p "$image/$directory"
        mount -n --rbind "/$directory" "$image/$directory"
    done
    unshare --mount chroot "$image" sleep 1000 &
    end_with_the_test $!
    chroot "$image" sleep 1000 &
    end_with_the_test $!
    "$python" -c 'import os, sys, time; os.chroot(sys.argv[1]); time.sleep(1000)' "$image" &
    end_with_the_test $!
    local pid
    for pid in "${ending[@]}"; do until_true is_rooted_in "$pid" "$image"; done
    system status
    equal '' "$(grep -E "^ *(${ending[0]}|${ending[1]}) " <<<"$out")"
    contains ' has it' "$(grep -E "^ *${ending[2]} " <<<"$out")"
}

it_writes_json() {
    started before
    system enable
    started after
    system status --json
    equal 3 "$status"
    equal "/etc/ld.so.preload False $installed 3
$installed True True None
$before /usr/bin/sleep None lacking True
$after /usr/bin/sleep $installed current False" "$(BEFORE=$before AFTER=$after "$python" -c '
import json, os, sys
report = json.load(sys.stdin)
assert set(report) == {"file", "musl", "private", "library", "entries", "programs", "out_of_reach", "unreadable", "unseen", "status"}
print(report["file"], report["musl"], report["library"], report["status"])
for entry in report["entries"]:
    print(*[entry[key] for key in ("path", "exists", "loads", "problem")])
for program in report["programs"]:
    if str(program["pid"]) in (os.environ["BEFORE"], os.environ["AFTER"]):
        print(*[program[key] for key in ("pid", "program", "library", "state", "restart")])' <<<"$out")"
    rm "$installed"
    system status -j 2>/dev/null
    equal 1 "$(field status)"
    : >"$list"
}

it_colours_nothing_in_a_pipe_and_escapes_what_comes_from_others() {
    system enable
    cp /usr/bin/sleep "$TMPDIR/"$'sl\033[31mep'
    "$TMPDIR/"$'sl\033[31mep' 1000 &
    end_with_the_test $!
    until_true is_rooted_in $! /
    system status
    lacks $'\033' "$out"
    contains "$TMPDIR/sl\\x1b[31mep" "$out"
}

# --- the manual page -------------------------------------------------------------------------------------------------

it_does_what_the_manual_page_shows() {
    rm -r /etc/nginx
    mkdir /etc/nginx
    echo "hosts = ( \"$CDN\" );" >"$(configuration)"
    echo 'user root; master_process off; pid /run/nginx.pid; error_log /run/nginx.error; events { } http { server { listen 10.0.0.80:8080; } }' >/etc/nginx/nginx.conf
    local block
    block=$(manual_block originbypass-system.8 EXAMPLES '# originbypass system enable')
    equal "$(without_pids <<<"$block")" "$(grep '^# ' <<<"$block" | as_a_whole_machine | without_pids)"
}

# --- the command line ------------------------------------------------------------------------------------------------

it_refuses_a_command_line_that_makes_no_sense() {
    local arguments
    for arguments in '' on 'enable x' 'disable --force' 'status -f' 'enable --json' 'status -x'; do
        # shellcheck disable=SC2086 # words
        system $arguments
        equal "2 $arguments" "$status $arguments"
        equal '' "$out"
        contains 'Usage: originbypass system enable' "$(<"$messages")"
        fails test -e "$list"
    done
}

it_fails_when_its_output_can_not_be_written() {
    "$tool" system status >/dev/full 2>"$messages" && return 1
    contains 'standard output: No space left' "$(<"$messages")"
}

# --- helpers ---------------------------------------------------------------------------------------------------------

# system ARGUMENT...: sets out to its output, and status to its exit status.
system() {
    status=0
    "$tool" system "$@" >"$TMPDIR/out" 2>"$messages" || status=$?
    out=$(<"$TMPDIR/out")
}

# refuses REASON ARGUMENT...: it fails with this reason, and the file is unchanged.
refuses() {
    local before
    before=$(cat "$list" 2>/dev/null || echo none)
    fails_to "$@"
    equal "$before" "$(cat "$list" 2>/dev/null || echo none)"
}

fails_to() {
    system "${@:2}"
    equal "1 " "$status $out"
    contains "$1" "$(<"$messages")"
}

as_nobody() {
    status=0
    "${nobody[@]}" "$tool" system "$@" >"$TMPDIR/out" 2>"$messages" || status=$?
    out=$(<"$TMPDIR/out")
}

# injected CALL FAULT VERB: runs the command; its calls of this kind on the file or its directory fail.
injected() {
    strace -qq -o "$TMPDIR/strace" -e trace="$1" -P /etc -P /etc/.ld.so.preload.originbypass -P "$list" \
        -e inject="$1:$2" "$tool" system "$3" >"$TMPDIR/out" 2>"$messages"
}

# killed_at CALL VERB: the command is killed as it makes the call.
killed_at() {
    injected "$1" signal=KILL "$2" && echo "not killed at $1" && return 1
    [[ ! -s $messages ]]
}

# row PID PROGRAM TEXT: the output has such a row.
row() {
    contains "|$1 $2 $3|" "$(awk '{ $1 = $1; print "|" $0 "|" }' <<<"$out")"
}

field() { "$python" -c 'import json, subprocess, sys
print(json.loads(subprocess.run([sys.argv[1], "system", "status", "-j"], capture_output=True).stdout)[sys.argv[2]])' "$tool" "$1"; }

# started NAME: runs a program until the test ends, and sets the variable of this name to its PID.
before='' after='' later='' chosen=''
started() {
    sleep 1000 &
    end_with_the_test $!
    printf -v "$1" %s $!
    until_true is_rooted_in $! /
}

# is_rooted_in PID DIRECTORY: it is no longer this shell or chroot(8) but another program, with its libc mapped, if any.
is_rooted_in() {
    [[ $(readlink "/proc/$1/root") == "$2" && $(readlink "/proc/$1/exe") =~ /(sl.*ep|python[0-9.]*|static)$ ]] &&
        { [[ $(readlink "/proc/$1/exe") == */static ]] || grep -q /libc "/proc/$1/maps"; }
}

# Runs the lines of its input that begin with "# ", in a root shell that is the machine's only program.
as_a_whole_machine() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --pid --fork --kill-child --mount --mount-proc bash -c '
        while read -r mark line; do
            echo "$mark $line"
            eval "$line"
        done' 2>&1
}

# PIDs and the widths of columns differ from run to run.
without_pids() { sed -E 's/^ *[0-9]+ /PID /; s/ +/ /g'; }

# alone COMMAND...: its exit status if only a shell and a sleep run beside it.
alone() {
    # shellcheck disable=SC2016 # for the inner shell
    unshare --pid --mount --fork --mount-proc bash -c '
        sleep 1000 &
        until grep -q "sleep\$" /proc/$!/maps && grep -q /libc /proc/$!/maps; do sleep 0.01; done
        "$@" >"$0"
        echo $?
        kill $!' "$TMPDIR/alone" "$@"
}

configuration() {
    mkdir -p /etc/originbypass
    echo "$file"
}

others_library() { echo 'int other_library;' | cc -shared -fPIC -x c -o "$1" -; }

# broken_library STATEMENT: the installed library runs this statement in every program that loads it.
broken_library() {
    cc -D_GNU_SOURCE -w -shared -fPIC -x c -o "$TMPDIR/broken.so" - <<END
#include <errno.h>
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void load(void) { $1 }
END
    install -m 755 "$TMPDIR/broken.so" "$installed"
}

# Replaces /bin/sh with a program that needs musl's loader.
musl_for_a_shell() {
    echo 'int main(void) { return 0; }' |
        cc -Wl,--dynamic-linker="/lib/ld-musl-$(uname -m).so.1" -x c -o "$TMPDIR/sh" -
    mount -n --bind "$TMPDIR/sh" "$(realpath /bin/sh)"
    trap 'umount -n "$(realpath /bin/sh)"' EXIT
}

# What make install would leave in /usr/local. It is a directory of the lab's own, and not a file system in memory: the
# command refuses libraries from those.
prepare() {
    [[ $(stat -c %u /) == 0 ]] || skip "in a user namespace, the system's files do not belong to root"
    local directory
    for directory in lib bin; do
        mountpoint -q "/usr/local/$directory" || cover "/usr/local/$directory" || return
        find "/usr/local/$directory" -mindepth 1 -delete
        chown 0:0 "/usr/local/$directory" && chmod 755 "/usr/local/$directory" || return
    done
    install -m 755 "$LAB_LIBRARY" "$installed" && install -m 755 "$originbypass" "$tool"
}

cover() {
    local store=$TMPDIR/store/$1
    mkdir -p "$store"/{lower,upper,work}
    mount -n -t overlay "$1" -o "lowerdir=$store/lower,upperdir=$store/upper,workdir=$store/work" "$1"
}

check_all "$@"
